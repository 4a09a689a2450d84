/// A place in bytes that were not made here: every step is checked against the end.
struct ByteCursor {
    enum Failure: Error {
        /// The bytes end before the value does.
        case truncated
        /// A number that is not the shortest form, or does not fit.
        case badNumber
    }

    private let bytes: [UInt8]
    private(set) var position: Int
    private let end: Int

    init(_ bytes: [UInt8], from start: Int = 0) {
        self.bytes = bytes
        position = start
        end = bytes.count
    }

    private init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { position == end }
    var remaining: Int { end - position }

    mutating func byte() throws(Failure) -> UInt8 {
        guard position < end else { throw .truncated }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func varint() throws(Failure) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<Varint.byteLimit {
            let byte = try byte()
            let shift = UInt64(index * 7)
            let part = UInt64(byte & 0x7F)
            guard (part << shift) >> shift == part else { throw .badNumber }
            value |= part << shift
            if byte < 0x80 {
                guard byte != 0 || index == 0 else { throw .badNumber }
                return value
            }
        }
        throw .badNumber
    }

    /// A part of `count` bytes; this cursor goes on behind it.
    mutating func part(_ count: UInt64) throws(Failure) -> ByteCursor {
        guard count <= UInt64(remaining) else { throw .truncated }
        defer { position += Int(count) }
        return ByteCursor(bytes, position..<position + Int(count))
    }

    /// A part whose length comes before it.
    mutating func lengthPrefixed() throws(Failure) -> ByteCursor {
        try part(varint())
    }

    /// All that is left.
    var rest: ArraySlice<UInt8> { bytes[position..<end] }
}
