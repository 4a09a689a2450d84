/// Text of which every byte knows where it comes from: a chat template's author, who may write control tokens, or a
/// message, which may not.
///
/// Parts keep their origin through everything a template does with them: joining, cutting, stripping, replacing.
public struct MarkedText: Hashable, Sendable {
    /// The text, well-formed UTF-8.
    public private(set) var utf8: [UInt8]
    /// Where the author's bytes are: ascending, not empty, with other bytes between them.
    public private(set) var trusted: [Range<Int>]

    /// A whole text of one origin.
    public init(_ text: String, isTrusted: Bool) {
        self.init(utf8: Array(text.utf8), isTrusted: isTrusted)
    }

    init(utf8: [UInt8] = [], isTrusted: Bool = false) {
        self.utf8 = utf8
        trusted = isTrusted && !utf8.isEmpty ? [0..<utf8.count] : []
    }

    /// The text, for people to read.
    public var text: String { String(decoding: utf8, as: UTF8.self) }

    var isEmpty: Bool { utf8.isEmpty }
    var count: Int { utf8.count }

    static func == (text: MarkedText, literal: StaticString) -> Bool {
        literal.withUTF8Buffer { text.utf8.elementsEqual($0) }
    }

    package mutating func append(_ other: MarkedText) { append(other, 0..<other.count) }

    /// Appends a part of another text, given by byte offsets at the boundaries of scalars.
    mutating func append(_ other: MarkedText, _ part: Range<Int>) {
        let shift = utf8.count - part.lowerBound
        utf8 += other.utf8[part]
        var index = other.firstRange(endingAfter: part.lowerBound)
        while index < other.trusted.count, other.trusted[index].lowerBound < part.upperBound {
            let range = other.trusted[index].clamped(to: part)
            appendTrusted((range.lowerBound + shift)..<(range.upperBound + shift))
            index += 1
        }
    }

    private mutating func appendTrusted(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        if let last = trusted.last, last.upperBound == range.lowerBound {
            trusted[trusted.count - 1] = last.lowerBound..<range.upperBound
        } else {
            trusted.append(range)
        }
    }

    /// Binary search.
    private func firstRange(endingAfter offset: Int) -> Int {
        var (low, high) = (0, trusted.count)
        while low < high {
            let middle = (low + high) / 2
            if trusted[middle].upperBound <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The end of the author's bytes around `offset`; nil in a message's.
    func trustedEnd(at offset: Int) -> Int? {
        let index = firstRange(endingAfter: offset)
        guard index < trusted.count, trusted[index].contains(offset) else { return nil }
        return trusted[index].upperBound
    }

    subscript(part: Range<Int>) -> MarkedText {
        if part.lowerBound == 0, part.upperBound == utf8.count { return self }
        var result = MarkedText()
        result.append(self, part)
        return result
    }

    /// The same text with other bytes of the same length.
    func replacingBytes(_ bytes: [UInt8]) -> MarkedText {
        precondition(bytes.count == utf8.count, "origins belong to bytes")
        var result = self
        result.utf8 = bytes
        return result
    }
}

extension MarkedText {
    /// Python's order of texts, by code points, is that of UTF-8's bytes.
    static func isLess(_ a: MarkedText, _ b: MarkedText) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

    func hasSameText(as other: MarkedText) -> Bool { utf8 == other.utf8 }

    /// The offsets at which scalars begin, and the end.
    func scalarOffsets() -> [Int] {
        var offsets: [Int] = []
        offsets.reserveCapacity(utf8.count + 1)
        for (index, byte) in utf8.enumerated() where byte & 0xc0 != 0x80 { offsets.append(index) }
        offsets.append(utf8.count)
        return offsets
    }

    /// How many scalars, as Python counts.
    var scalarCount: Int { utf8.reduce(0) { $0 + ($1 & 0xc0 != 0x80 ? 1 : 0) } }

    /// The scalar that begins at `offset`, and where the next one begins.
    func scalar(at offset: Int) -> (value: UInt32, end: Int) {
        let lead = utf8[offset]
        if lead < 0x80 { return (UInt32(lead), offset + 1) }
        let length = (~lead).leadingZeroBitCount
        var value = UInt32(lead & (0x7f >> UInt8(length)))
        for place in 1..<length { value = value << 6 | UInt32(utf8[offset + place] & 0x3f) }
        return (value, offset + length)
    }

    /// Where the scalar before `offset` begins.
    func scalarStart(before offset: Int) -> Int {
        var start = offset - 1
        while utf8[start] & 0xc0 == 0x80 { start -= 1 }
        return start
    }
}
