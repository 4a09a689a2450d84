import Kernels

/// f16 keys and values of one sequence in pages of 16 positions, each with every layer and key/value head.
final class KeyValueCache: SequenceCache {
    let capacity: Int
    /// The page of 16 positions each.
    let pages: UnsafeMutablePointer<UnsafePointer<UInt16>?>
    private let heads: Int
    private let headElements: Int
    private let pageElements: Int
    private let storage: UnsafeMutablePointer<UInt16>

    init(_ sizes: ModelConfiguration, capacity: Int) {
        let count = (capacity + 15) / 16
        self.capacity = 16 * count
        heads = sizes.keyValueHeads
        headElements = 16 * sizes.headDimension
        pageElements = 2 * sizes.layers * heads * headElements
        storage = .zeroed(count * pageElements)
        pages = .allocate(capacity: count)
        for page in 0..<count { (pages + page).initialize(to: storage + page * pageElements) }
    }

    deinit {
        storage.deallocate()
        pages.deallocate()
    }

    func page(position: Int) -> UnsafeMutablePointer<UInt16> { storage + position / 16 * pageElements }

    /// Where in a page the head's keys and values begin.
    func place(layer: Int, head: Int) -> (keys: Int, values: Int) {
        let keys = 2 * (layer * heads + head) * headElements
        return (keys, keys + headElements)
    }
}
