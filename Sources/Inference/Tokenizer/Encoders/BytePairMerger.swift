/// Byte-pair merging of one piece: over and over, of all neighbouring pairs that have a merge, the one of lowest rank,
/// the leftmost of equals, becomes one token.
struct BytePairMerger {
    /// Rank in the upper and the resulting token in the lower 32 bits, by left and right token.
    private let merges: [UInt64: UInt64]

    init(merges: [UInt64: UInt64]) { self.merges = merges }

    static func pair(_ left: TokenID, _ right: TokenID) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    private struct Candidate: Comparable {
        let rank: UInt32
        let left: Int
        let pair: UInt64
        let result: TokenID

        static func < (a: Candidate, b: Candidate) -> Bool {
            a.rank != b.rank ? a.rank < b.rank : a.left < b.left
        }
    }

    /// A linked list in arrays; a token of −1 was merged into the one before it.
    private struct Chain {
        var tokens: [TokenID]
        var previous: [Int]
        var next: [Int]

        init(_ tokens: [TokenID]) {
            self.tokens = tokens
            previous = Array(-1..<(tokens.count - 1))
            next = Array(1...tokens.count)
        }
    }

    /// Merges the tokens of a piece's bytes; O(n log n).
    func merge(_ tokens: [TokenID]) -> [TokenID] {
        guard tokens.count > 1 else { return tokens }
        var chain = Chain(tokens)
        var heap = MinimumHeap<Candidate>()
        for left in 0..<(tokens.count - 1) {
            if let candidate = candidate(chain, left) { heap.insert(candidate) }
        }
        while let best = heap.popMinimum() {
            // Outdated when one of the two was merged meanwhile.
            let right = chain.next[best.left]
            guard right < tokens.count, chain.tokens[best.left] >= 0,
                Self.pair(chain.tokens[best.left], chain.tokens[right]) == best.pair
            else { continue }
            chain.tokens[best.left] = best.result
            chain.tokens[right] = -1
            chain.next[best.left] = chain.next[right]
            if chain.next[right] < tokens.count { chain.previous[chain.next[right]] = best.left }
            if let candidate = candidate(chain, best.left) { heap.insert(candidate) }
            let before = chain.previous[best.left]
            if before >= 0, let candidate = candidate(chain, before) { heap.insert(candidate) }
        }
        return chain.tokens.filter { $0 >= 0 }
    }

    private func candidate(_ chain: Chain, _ left: Int) -> Candidate? {
        let right = chain.next[left]
        guard right < chain.tokens.count else { return nil }
        let pair = Self.pair(chain.tokens[left], chain.tokens[right])
        guard let merge = merges[pair] else { return nil }
        return Candidate(
            rank: UInt32(merge >> 32), left: left, pair: pair, result: TokenID(truncatingIfNeeded: merge))
    }
}

/// A binary heap with the smallest element on top.
struct MinimumHeap<Element: Comparable> {
    private var elements: [Element] = []

    mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0, elements[child] < elements[(child - 1) / 2] {
            elements.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func popMinimum() -> Element? {
        guard let last = elements.popLast() else { return nil }
        guard let top = elements.first else { return last }
        elements[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            if child >= elements.count { return top }
            if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
            if elements[parent] < elements[child] { return top }
            elements.swapAt(parent, child)
            parent = child
        }
    }
}
