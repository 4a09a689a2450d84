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

    /// The byte behind a character, if it stands for one.
    @inline(__always)
    static func byte(_ scalar: Unicode.Scalar) -> UInt8? {
        guard scalar.value < bytes.count else { return nil }
        return UInt8(exactly: bytes[Int(scalar.value)])
    }

    /// The bytes behind a token's text, or nil if a character stands for none.
    static func decode(_ text: String) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            guard let byte = byte(scalar) else { return nil }
            result.append(byte)
        }
        return result
    }

    /// The bytes behind a merge, `left right`, and how many of them are the left one's; nil if it is no merge.
    static func decode(merge: String) -> (bytes: [UInt8], leftCount: Int)? {
        var (result, leftCount): ([UInt8], Int?) = ([], nil)
        result.reserveCapacity(merge.utf8.count)
        for scalar in merge.unicodeScalars {
            if scalar == " " {
                guard leftCount == nil else { return nil }
                leftCount = result.count
            } else {
                guard let byte = byte(scalar) else { return nil }
                result.append(byte)
            }
        }
        return leftCount.map { (result, $0) }
    }
}
