import Inference
import Testing

struct PagePoolTests {
    private let tokens = (0..<64).map { TokenID($0) }

    private func pool(pages: Int) throws -> PagePool {
        let geometry = PageGeometry(layers: 1, heads: HeadSizes(heads: 1, keyValueHeads: 1, dimension: 16))
        return try PagePool(geometry, positions: pages * PageGeometry.positions)
    }

    private func open(_ pool: PagePool, _ tokens: [TokenID], reusable: Int, _ positions: Int) -> PagedCache? {
        pool.open(tokens, reusable: reusable, room: positions, limit: positions)
    }

    /// A cache whose first `length` positions were computed and published.
    private func filled(_ pool: PagePool, _ tokens: [TokenID], length: Int) throws -> PagedCache {
        let cache = try #require(open(pool, tokens, reusable: tokens.count, tokens.count))
        cache.length = length
        pool.publish(cache, tokens)
        return cache
    }

    @Test func anEqualBeginningIsShared() throws {
        let pool = try pool(pages: 8)
        let first = try filled(pool, tokens, length: 40)
        let second = try #require(open(pool, tokens, reusable: 63, 64))
        #expect(second.length == 32)
        #expect(second.pages[0] == first.pages[0] && second.pages[1] == first.pages[1])
        #expect(second.pages[2] != first.pages[2])
    }

    @Test func onlyWholePagesOfEqualTokensAreShared() throws {
        let pool = try pool(pages: 16)
        _ = try filled(pool, tokens, length: 64)
        var other = tokens
        other[17] = 99
        #expect(try #require(open(pool, other, reusable: 64, 64)).length == 16)
        other[0] = 99
        #expect(try #require(open(pool, other, reusable: 64, 64)).length == 0)
        #expect(try #require(open(pool, Array(tokens[16...]), reusable: 48, 48)).length == 0)
    }

    @Test func aPageIsNotSharedBeyondWhatMayBeReused() throws {
        let pool = try pool(pages: 16)
        _ = try filled(pool, tokens, length: 64)
        #expect(try #require(open(pool, tokens, reusable: 31, 64)).length == 16)
        #expect(try #require(open(pool, tokens, reusable: 32, 64)).length == 32)
    }

    @Test func closedPagesAreKeptUntilTheirMemoryIsWanted() throws {
        let pool = try pool(pages: 4)
        pool.close(try filled(pool, tokens, length: 64))
        let again = try #require(open(pool, tokens, reusable: 64, 64))
        #expect(again.length == 64)
        pool.close(again)
        // The last page is forgotten first: it is of use only together with those before it.
        pool.close(try #require(open(pool, [99], reusable: 0, 1)))
        #expect(try #require(open(pool, tokens, reusable: 64, 64)).length == 48)
    }

    @Test func withoutMemoryNothingIsTaken() throws {
        let pool = try pool(pages: 4)
        let first = try filled(pool, Array(tokens[..<32]), length: 32)
        #expect(open(pool, tokens, reusable: 64, 65) == nil)
        let second = try #require(open(pool, tokens, reusable: 64, 64))
        #expect(second.length == 32)
        #expect(open(pool, [99], reusable: 0, 1) == nil)
        pool.close(first)
        #expect(open(pool, [99], reusable: 0, 1) == nil)
        pool.close(second)
        #expect(open(pool, [99], reusable: 0, 64) != nil)
    }

    @Test func aCacheGrowsByPagesWhileThereAreAny() throws {
        let pool = try pool(pages: 4)
        let first = try #require(pool.open(tokens, reusable: 0, room: 17, limit: 64))
        #expect(first.room == 32)
        #expect(pool.grow(first, to: 32) && first.room == 32)
        #expect(pool.grow(first, to: 33) && first.room == 48)
        #expect(pool.open(tokens, reusable: 0, room: 17, limit: 17) == nil)
        #expect(pool.open(tokens, reusable: 0, room: 16, limit: 16, sparing: 1) == nil)
        let second = try #require(pool.open(tokens, reusable: 0, room: 16, limit: 32))
        #expect(!pool.grow(second, to: 17) && second.room == 16)
        #expect(!pool.grow(first, to: 64) && first.room == 48)
        pool.close(second)
        #expect(pool.grow(first, to: 64) && first.room == 64)
    }

    @Test func twoThatComputedTheSameAreContinuedAsOne() throws {
        let pool = try pool(pages: 12)
        let first = try #require(open(pool, tokens, reusable: 0, 64))
        let second = try #require(open(pool, tokens, reusable: 0, 64))
        first.length = 16
        pool.publish(first, tokens)
        second.length = 32
        pool.publish(second, tokens)
        let third = try #require(open(pool, tokens, reusable: 64, 64))
        #expect(third.length == 32)
        #expect(third.pages[0] == first.pages[0] && third.pages[1] == second.pages[1])
    }
}
