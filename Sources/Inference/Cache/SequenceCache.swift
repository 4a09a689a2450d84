/// The keys and values of one sequence; `length` positions are filled.
package class SequenceCache {
    package var length: Int

    init(length: Int = 0) { self.length = length }
}

/// Keys and values in the pages of a pool. The first of them may be shared with other sequences.
package final class PagedCache: SequenceCache {
    /// The pages by number in the sequence.
    package let pages: UnsafeMutablePointer<UnsafeMutablePointer<UInt16>?>
    /// Their indices in the pool.
    let indices: [Int32]
    /// How many of them the pool can give to other sequences, and by which serial it knows the last of these.
    var published = 0
    var lastSerial: UInt64 = 0

    init(_ indices: [Int32], length: Int, address: (Int32) -> UnsafeMutablePointer<UInt16>) {
        self.indices = indices
        pages = .allocate(capacity: indices.count)
        for (number, index) in indices.enumerated() { pages[number] = address(index) }
        super.init(length: length)
    }

    deinit { pages.deallocate() }
}
