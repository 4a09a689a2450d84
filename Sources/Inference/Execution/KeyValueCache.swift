import Kernels

/// f16 keys and values of one sequence, for every layer and key/value head.
///
/// Keys of a head are blocks of 16 positions, `[position / 16][dimension][position % 16]`; values are
/// `[position][dimension]`.
final class KeyValueCache: SequenceCache {
    let capacity: Int
    private let heads: Int
    private let headElements: Int
    private let storage: UnsafeMutablePointer<UInt16>

    init(_ sizes: ModelConfiguration, capacity: Int) {
        self.capacity = (capacity + 15) / 16 * 16
        heads = sizes.keyValueHeads
        headElements = self.capacity * sizes.headDimension
        storage = .zeroed(2 * sizes.layers * heads * headElements)
    }

    deinit { storage.deallocate() }

    func keys(layer: Int, head: Int) -> UnsafeMutablePointer<UInt16> {
        storage + 2 * (layer * heads + head) * headElements
    }

    func values(layer: Int, head: Int) -> UnsafeMutablePointer<UInt16> {
        storage + (2 * (layer * heads + head) + 1) * headElements
    }
}
