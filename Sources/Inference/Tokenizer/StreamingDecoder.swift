/// Decodes tokens one at a time and holds back the bytes of a character that is not complete yet.
///
/// What it gives, joined, is what ``Tokenizer/decode(_:)`` gives for all tokens at once.
public struct StreamingDecoder: Sendable {
    private var bytes: TokenBytes
    private var pending: [UInt8] = []

    /// A decoder at the start of a text.
    public init(_ tokenizer: Tokenizer) { bytes = TokenBytes(tokenizer) }

    /// The text that is certain after this token; may be empty.
    public mutating func append(_ token: TokenID) -> String {
        pending += bytes.next(token)
        let held = UTF8Tail.incompleteLength(pending)
        let text = String(decoding: pending.dropLast(held), as: UTF8.self)
        pending = Array(pending.suffix(held))
        return text
    }

    /// What is left at the end: empty, or U+FFFD for a character that was never completed.
    public mutating func finish() -> String {
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }
}

/// The bytes of a text's tokens, one token at a time.
///
/// Where the model wants a space before a text (``Tokenizer/addsSpacePrefix``), one at its beginning is left out.
public struct TokenBytes: Sendable {
    private let tokenizer: Tokenizer
    private var mayBeginWithPrefix: Bool

    /// At the start of a text.
    public init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        mayBeginWithPrefix = tokenizer.addsSpacePrefix
    }

    /// What this token adds to the text; may be empty.
    public mutating func next(_ token: TokenID) -> ArraySlice<UInt8> {
        let bytes = tokenizer.bytes(of: token)
        guard mayBeginWithPrefix, let first = bytes.first else { return bytes }
        mayBeginWithPrefix = false
        return first == 0x20 ? bytes.dropFirst() : bytes
    }
}

/// Where a UTF-8 text may still go on in the middle of a character.
enum UTF8Tail {
    /// The length, 0…3, of the beginning of a well-formed sequence (Unicode 14, table 3-7) at the end of `bytes`.
    static func incompleteLength(_ bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let tail = bytes.suffix(length)
            let lead = tail[tail.startIndex]
            if lead & 0xc0 == 0x80 { continue }
            guard let needed = sequenceLength(lead), needed > length else { return 0 }
            return length == 1 || secondBytes(lead).contains(tail[tail.startIndex + 1]) ? length : 0
        }
        return 0
    }

    private static func sequenceLength(_ lead: UInt8) -> Int? {
        switch lead {
        case 0xc2...0xdf: 2
        case 0xe0...0xef: 3
        case 0xf0...0xf4: 4
        default: nil
        }
    }

    private static func secondBytes(_ lead: UInt8) -> ClosedRange<UInt8> {
        switch lead {
        case 0xe0: 0xa0...0xbf
        case 0xed: 0x80...0x9f
        case 0xf0: 0x90...0xbf
        case 0xf4: 0x80...0x8f
        default: 0x80...0xbf
        }
    }
}
