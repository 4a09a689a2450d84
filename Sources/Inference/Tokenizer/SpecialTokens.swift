/// The tokens that are found in text by their literal bytes before anything else: user-defined ones everywhere, control
/// and unknown tokens only where the text is trusted with them.
struct SpecialTokens: Sendable {
    private struct Entry {
        let text: ArraySlice<UInt8>
        let token: TokenID
        let needsTrust: Bool
    }

    /// Sorted by text.
    private let entries: [Entry]
    /// The entries whose text begins with a byte b, from starts[b] to starts[b + 1].
    private let starts: [Int]

    init(_ vocabulary: Vocabulary) {
        let all = vocabulary.tokens(.control, .unknown, .userDefined).map {
            Entry(text: vocabulary[$0], token: $0, needsTrust: vocabulary.kind($0) != .userDefined)
        }
        // Of equal texts the first counts: ids ascend, and the sort is by text, then id.
        let sorted = all.filter { !$0.text.isEmpty }.sorted {
            if $0.text == $1.text { return $0.token < $1.token }
            return $0.text.lexicographicallyPrecedes($1.text)
        }
        var entries: [Entry] = []
        for entry in sorted where entries.last?.text != entry.text { entries.append(entry) }
        var starts = [Int](repeating: 0, count: 257)
        for entry in entries { starts[Int(entry.text.first!) + 1] += 1 }  // Empty ones were dropped.
        for byte in 0..<256 { starts[byte + 1] += starts[byte] }
        self.entries = entries
        self.starts = starts
    }

    /// The special token that is written as exactly `text`.
    func token(of text: String) -> TokenID? {
        let utf8 = Array(text.utf8)
        return match(utf8, at: 0, trustedTo: utf8.count).flatMap { $0.end == utf8.count ? $0.token : nil }
    }

    /// The longest special token that begins at `start`, control tokens only if they end at or before `trust`.
    func match(_ utf8: [UInt8], at start: Int, trustedTo trust: Int) -> (token: TokenID, end: Int)? {
        let first = Int(utf8[start])
        // Entries in this range agree with the text in the first `depth` bytes.
        var (low, high, depth) = (starts[first], starts[first + 1], 1)
        var longest: (token: TokenID, end: Int)?
        while low < high {
            if entries[low].text.count == depth {
                if !entries[low].needsTrust || start + depth <= trust { longest = (entries[low].token, start + depth) }
                low += 1
            }
            guard start + depth < utf8.count else { break }
            let byte = Int(utf8[start + depth])
            low = firstEntry(low, high, depth, atLeast: byte)
            high = firstEntry(low, high, depth, atLeast: byte + 1)
            depth += 1
        }
        return longest
    }

    /// The first entry in a range whose byte number `depth` is `byte` or more. All entries there are longer than `depth`.
    private func firstEntry(_ low: Int, _ high: Int, _ depth: Int, atLeast byte: Int) -> Int {
        var (low, high) = (low, high)
        while low < high {
            let middle = (low + high) / 2
            let text = entries[middle].text
            if Int(text[text.startIndex + depth]) < byte { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
