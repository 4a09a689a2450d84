/// The keys and values of one sequence; `length` positions are filled.
package class SequenceCache {
    package var length: Int
    /// Positions that there is memory for.
    package var room: Int { .max }

    init(length: Int = 0) { self.length = length }
}

/// Keys and values in the pages of a pool. The first of them may be shared with other sequences.
package final class PagedCache: SequenceCache {
    /// The pages by number in the sequence.
    package let pages: UnsafeMutablePointer<UnsafeMutablePointer<UInt16>?>
    /// Their indices in the pool.
    private(set) var indices: [Int32] = []
    private let limit: Int
    /// How many of them the pool can give to other sequences, and by which serial it knows the last of these.
    var published = 0
    var lastSerial: UInt64 = 0

    /// `limit` is how many pages there will be at most.
    init(limit: Int) {
        self.limit = limit
        indices.reserveCapacity(limit)
        pages = .allocate(capacity: max(limit, 1))
        super.init()
    }

    deinit { pages.deallocate() }

    package override var room: Int { indices.count * PageGeometry.positions }

    func append(_ index: Int32, at address: UnsafeMutablePointer<UInt16>) {
        precondition(indices.count < limit, "a sequence longer than it was to be")
        (pages + indices.count).initialize(to: address)
        indices.append(index)
    }
}
