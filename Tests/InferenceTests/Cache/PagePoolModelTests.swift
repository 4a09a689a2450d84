import Inference
import Testing

/// The pool against what a page must mean: after any sequence of calls, a cache's first `length` positions hold what was
/// written for its own tokens, and nobody writes to a page that another looks at.
struct PagePoolModelTests {
    private typealias Address = UnsafeMutablePointer<UInt16>

    private struct Sequence {
        let cache: PagedCache
        let tokens: [TokenID]
    }

    /// What was written last, by page: the tokens up to each position.
    private struct Memory {
        var pages: [Address: [[TokenID]]] = [:]

        mutating func write(_ tokens: ArraySlice<TokenID>, to page: Address, at index: Int) {
            var content = pages[page] ?? []
            content = Array(content.prefix(index)) + [Array(tokens)]
            pages[page] = content
        }

        func holds(_ tokens: [TokenID], _ length: Int, _ cache: PagedCache) -> Bool {
            (0..<length).allSatisfy { position in
                let page = cache.pages[position / PageGeometry.positions]!
                let content = pages[page] ?? []
                let index = position % PageGeometry.positions
                return index < content.count && content[index] == Array(tokens[...position])
            }
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8])
    func everySequenceKeepsWhatWasWrittenForItsTokens(_ seed: UInt64) throws {
        var numbers = TestNumbers(state: seed)
        let geometry = PageGeometry(layers: 1, heads: HeadSizes(heads: 1, keyValueHeads: 1, dimension: 16))
        let pages = Int.random(in: 2...12, using: &numbers)
        let pool = try PagePool(geometry, positions: pages * PageGeometry.positions)
        var memory = Memory()
        var open: [Sequence] = []
        var (refused, shared) = (0, 0)
        for _ in 0..<3000 {
            switch Int.random(in: 0..<4, using: &numbers) {
            case 0:
                // Few different beginnings, so that many are equal.
                let length = Int.random(in: 1...(pages * PageGeometry.positions), using: &numbers)
                var tokens = (0..<length).map { TokenID($0 / 40) }
                tokens[Int.random(in: 0..<length, using: &numbers)] = TokenID.random(in: 0...1, using: &numbers)
                let room = Int.random(in: 1...length, using: &numbers)
                guard let cache = pool.open(tokens, reusable: length - 1, room: room, limit: length) else {
                    refused += 1
                    #expect(!open.isEmpty, "nothing is open, and there is no room for \(room) of \(pages) pages")
                    continue
                }
                shared += cache.length
                #expect(cache.length < length && cache.room >= room)
                open.append(Sequence(cache: cache, tokens: tokens))
            case 1:
                guard let index = open.indices.randomElement(using: &numbers) else { continue }
                let next = open[index]
                let room = min(next.cache.length + Int.random(in: 1...40, using: &numbers), next.tokens.count)
                if !pool.grow(next.cache, to: room) { refused += 1 }
                for position in next.cache.length..<max(next.cache.length, min(room, next.cache.room)) {
                    let page = next.cache.pages[position / PageGeometry.positions]!
                    let others = open.indices.filter { $0 != index }.map { open[$0].cache }
                    for other in others {
                        let seen = (0..<(other.room / PageGeometry.positions)).contains { other.pages[$0] == page }
                        #expect(!seen, "two sequences write to one page")
                    }
                    memory.write(next.tokens[...position], to: page, at: position % PageGeometry.positions)
                    next.cache.length = position + 1
                }
            case 2:
                guard let next = open.randomElement(using: &numbers) else { continue }
                pool.publish(next.cache, next.tokens)
            default:
                guard let index = open.indices.randomElement(using: &numbers) else { continue }
                pool.close(open.remove(at: index).cache)
            }
            for next in open { #expect(memory.holds(next.tokens, next.cache.length, next.cache)) }
        }
        for next in open { pool.close(next.cache) }
        let all = pages * PageGeometry.positions
        #expect(pool.open([1], reusable: 0, room: all, limit: all) != nil, "a page was lost")
        #expect(refused > 0 && shared > 0, "the draw tried nothing")
    }
}
