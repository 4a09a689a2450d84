import Kernels

/// A fixed number of pages for keys and values. Sequences with an equal beginning share its pages, which is exact:
/// equal tokens at equal positions have equal keys and values, to the bit.
///
/// A page that no sequence uses any more keeps its contents until its memory is wanted, oldest first. Memory is the
/// system's until a page is written.
package final class PagePool {
    /// A complete page: what stands in it, and the page before it.
    private struct Contents: Hashable {
        let predecessor: UInt64
        let tokens: SIMD16<TokenID>
    }

    private struct Page {
        var users = 0
        /// Unique for each filling that was published; 0: not published.
        var serial: UInt64 = 0
        var contents: Contents?
    }

    let geometry: PageGeometry
    let capacity: Int
    private let region: MemoryRegion
    private var pages: [Page]
    private var published: [Contents: Int32] = [:]
    /// Used last in, first out, so that memory that was written once is used again.
    private var free: [Int32]
    private var idle: PageQueue
    private var lastSerial: UInt64 = 0

    package init(_ geometry: PageGeometry, positions: Int) throws(EngineError) {
        self.geometry = geometry
        capacity = PageGeometry.pages(positions)
        let byteCount = 2 * geometry.elements * capacity
        guard let region = MemoryRegion(byteCount: byteCount) else { throw .cannotReserveCache(bytes: byteCount) }
        self.region = region
        pages = Array(repeating: Page(), count: capacity)
        published.reserveCapacity(capacity)
        free = (0..<capacity).reversed().map { Int32($0) }
        idle = PageQueue(capacity: capacity)
    }

    /// A cache for at most `limit` positions with pages for the first `room`, filled as far as an earlier sequence began
    /// with the same tokens, but for no more than `reusable` positions. Nil when there is not enough memory now for
    /// these and `spare` pages more.
    package func open(_ tokens: [TokenID], reusable: Int, room: Int, limit: Int, sparing spare: Int = 0) -> PagedCache?
    {
        let cache = PagedCache(limit: PageGeometry.pages(limit))
        while cache.room + PageGeometry.positions <= min(reusable, tokens.count) {
            let contents = Contents(
                predecessor: cache.lastSerial, tokens: Self.tokens(tokens, page: cache.indices.count))
            guard let index = published[contents] else { break }
            use(index)
            cache.append(index, at: address(index))
            cache.lastSerial = pages[Int(index)].serial
        }
        (cache.published, cache.length) = (cache.indices.count, cache.room)
        guard free.count + idle.count >= PageGeometry.pages(room) - cache.indices.count + spare else {
            close(cache)
            return nil
        }
        _ = grow(cache, to: room)
        return cache
    }

    /// Gives a cache pages for `room` positions; none and false when there are not enough now.
    package func grow(_ cache: PagedCache, to room: Int) -> Bool {
        let wanted = PageGeometry.pages(room) - cache.indices.count
        guard free.count + idle.count >= wanted else { return false }
        for _ in 0..<max(wanted, 0) {
            let index = take()
            cache.append(index, at: address(index))
        }
        return true
    }

    /// Lets other sequences use the complete pages of a sequence of which `tokens` are known.
    package func publish(_ cache: PagedCache, _ tokens: [TokenID]) {
        while (cache.published + 1) * PageGeometry.positions <= cache.length {
            let index = cache.indices[cache.published]
            let contents = Contents(
                predecessor: cache.lastSerial, tokens: Self.tokens(tokens, page: cache.published))
            if let equal = published[contents] {
                cache.lastSerial = pages[Int(equal)].serial
            } else {
                lastSerial += 1
                (pages[Int(index)].serial, pages[Int(index)].contents) = (lastSerial, contents)
                published[contents] = index
                cache.lastSerial = lastSerial
            }
            cache.published += 1
        }
    }

    package func close(_ cache: PagedCache) { release(cache.indices) }

    private func address(_ index: Int32) -> UnsafeMutablePointer<UInt16> {
        (region.base + 2 * geometry.elements * Int(index)).assumingMemoryBound(to: UInt16.self)
    }

    private static func tokens(_ tokens: [TokenID], page: Int) -> SIMD16<TokenID> {
        tokens.withUnsafeBufferPointer {
            UnsafeRawPointer($0.baseAddress! + page * PageGeometry.positions)
                .loadUnaligned(as: SIMD16<TokenID>.self)
        }
    }

    private func use(_ index: Int32) {
        if pages[Int(index)].users == 0 { idle.remove(index) }
        pages[Int(index)].users += 1
    }

    /// Later pages first: a page is of use only to who has found those before it.
    private func release(_ indices: [Int32]) {
        for index in indices.reversed() {
            pages[Int(index)].users -= 1
            guard pages[Int(index)].users == 0 else { continue }
            if pages[Int(index)].contents == nil { free.append(index) } else { idle.append(index) }
        }
    }

    private func take() -> Int32 {
        guard let index = free.popLast() ?? idle.popFirst() else { preconditionFailure("counted before") }
        if let contents = pages[Int(index)].contents { published[contents] = nil }
        pages[Int(index)] = Page(users: 1)
        return index
    }
}
