/// A stretch of a prompt, and whether it may contain control tokens.
public struct PromptPart: Hashable, Sendable {
    /// What is written.
    public var text: String
    /// Whether the texts of control tokens in `text` become these tokens. Only for text one wrote oneself, such as a
    /// template: with a user's text it would hand over the model's controls.
    public var parsesSpecial: Bool

    /// A part.
    public init(_ text: String, parsesSpecial: Bool) {
        self.text = text
        self.parsesSpecial = parsesSpecial
    }
}

/// The parts of a prompt as one text that remembers which of its bytes are trusted with control tokens.
struct PromptText {
    private(set) var utf8: [UInt8] = []
    /// Ranges that don't touch, ascending.
    private var trusted: [Range<Int>] = []

    init(_ parts: [PromptPart], encode: (String) -> [UInt8]) {
        for part in parts {
            let start = utf8.count
            utf8 += encode(part.text)
            guard part.parsesSpecial, start < utf8.count else { continue }
            if trusted.last?.upperBound == start {
                trusted[trusted.count - 1] = trusted[trusted.count - 1].lowerBound..<utf8.count
            } else {
                trusted.append(start..<utf8.count)
            }
        }
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
