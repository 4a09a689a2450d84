/// Where keys and values lie in a page: 16 positions of one sequence, for every layer and key/value head, in f16.
///
/// Keys of a head are `[dimension][position % 16]`, values `[position % 16][dimension]`.
package struct PageGeometry: Sendable {
    package static let positions = 16
    let layers: Int
    let heads: HeadSizes

    package init(layers: Int, heads: HeadSizes) {
        self.layers = layers
        self.heads = heads
    }

    private var headElements: Int { Self.positions * heads.dimension }

    /// f16 numbers in a page.
    var elements: Int { 2 * layers * heads.keyValueHeads * headElements }

    /// Pages for a number of positions.
    static func pages(_ positions: Int) -> Int { (positions + Self.positions - 1) / Self.positions }

    @inline(__always) func keys(layer: Int, head: Int) -> Int {
        2 * (layer * heads.keyValueHeads + head) * headElements
    }

    @inline(__always) func values(layer: Int, head: Int) -> Int { keys(layer: layer, head: head) + headElements }
}
