/// GPT-2's disguise of the 256 bytes as printable characters, in which vocabularies and merges are written.
///
/// `!`…`~`, `¡`…`¬` and `®`…`ÿ` stand for themselves; the other 68 bytes, ascending, for U+0100, U+0101, ….
enum ByteAlphabet {
    /// The byte of each of the code points 0…0x143, −1 where there is none.
    private static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        var next = 0x100
        for byte in 0..<256 {
            switch byte {
            case 0x21...0x7e, 0xa1...0xac, 0xae...0xff: bytes[byte] = Int16(byte)
            default:
                bytes[next] = Int16(byte)
                next += 1
            }
        }
        return bytes
    }()

    /// The bytes behind a token's text, or nil if a character stands for none.
    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var result: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard scalar.value < bytes.count, bytes[Int(scalar.value)] >= 0 else { return nil }
            result.append(UInt8(bytes[Int(scalar.value)]))
        }
        return result
    }
}
