/// Unsigned LEB128 as multiformats and protocol buffers write it, shortest form only.
enum Varint {
    /// The most bytes of a 64-bit number.
    static let byteLimit = 10

    static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    static func append(_ value: Int, to bytes: inout [UInt8]) {
        append(UInt64(value), to: &bytes)
    }
}
