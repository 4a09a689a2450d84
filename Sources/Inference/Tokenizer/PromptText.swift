/// A prompt as the vocabulary's bytes, which remember whether they may be part of a control token.
struct PromptText {
    private(set) var utf8: [UInt8] = []
    /// Where control tokens may stand; ascending.
    private var trusted: [Range<Int>] = []

    /// - Parameter read: What the vocabulary has for a text's UTF-8.
    init(_ text: MarkedText, read: (ArraySlice<UInt8>) -> [UInt8]) {
        var end = 0
        for range in text.trusted {
            utf8 += read(text.utf8[end..<range.lowerBound])
            let start = utf8.count
            utf8 += read(text.utf8[range])
            trusted.append(start..<utf8.count)
            end = range.upperBound
        }
        utf8 += read(text.utf8[end...])
    }

    /// Calls `plain` with each stretch between special tokens and `special` with each of these, in order. The leftmost is
    /// cut out first; of several that start there, the longest. `skip` tells where text goes on behind one.
    func split(
        _ tokens: SpecialTokens, plain: (ArraySlice<UInt8>) -> Void, special: (TokenID) -> Void,
        skip: (TokenID, Int) -> Int
    ) {
        var (start, index, range) = (0, 0, 0)
        while index < utf8.count {
            while range < trusted.count, trusted[range].upperBound <= index { range += 1 }
            let trust = range < trusted.count && trusted[range].contains(index) ? trusted[range].upperBound : index
            guard let found = tokens.match(utf8, at: index, trustedTo: trust) else {
                index += 1
                continue
            }
            if start < index { plain(utf8[start..<index]) }
            special(found.token)
            index = skip(found.token, found.end)
            start = index
        }
        if start < utf8.count { plain(utf8[start...]) }
    }
}
