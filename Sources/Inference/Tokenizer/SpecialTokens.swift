/// The control and user-defined tokens, found in text by their literal UTF-8.
struct SpecialTokens: Sendable {
    private struct Entry {
        let text: [UInt8]
        let token: TokenID
    }

    /// By first byte, the longest first.
    private var entries: [UInt8: [Entry]] = [:]

    mutating func insert(_ text: [UInt8], _ token: TokenID) {
        guard let first = text.first else { return }
        var list = entries[first, default: []]
        // Of equal texts the first counts.
        let place = list.firstIndex { $0.text.count < text.count } ?? list.endIndex
        list.insert(Entry(text: text, token: token), at: place)
        entries[first] = list
    }

    func token(of text: String) -> TokenID? {
        let utf8 = Array(text.utf8)
        return match(utf8[...]).flatMap { $0.length == utf8.count ? $0.token : nil }
    }

    /// The longest special token at the start of `utf8`.
    private func match(_ utf8: ArraySlice<UInt8>) -> (token: TokenID, length: Int)? {
        guard let first = utf8.first, let list = entries[first] else { return nil }
        for entry in list where utf8.starts(with: entry.text) { return (entry.token, entry.text.count) }
        return nil
    }

    /// Calls `plain` with each stretch between special tokens and `special` with each of these, in order. The leftmost
    /// special token is cut out first; of several that start there, the longest.
    func split(_ utf8: [UInt8], plain: (ArraySlice<UInt8>) -> Void, special: (TokenID) -> Void) {
        var start = 0
        var index = 0
        while index < utf8.count {
            guard let found = match(utf8[index...]) else {
                index += 1
                continue
            }
            if start < index { plain(utf8[start..<index]) }
            special(found.token)
            index += found.length
            start = index
        }
        if start < utf8.count { plain(utf8[start...]) }
    }
}
