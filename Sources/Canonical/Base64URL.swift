/// Base64 for URLs and command lines (RFC 4648, section 5), without padding.
public enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    /// By character; 255 for those outside the alphabet.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    /// Four characters for three bytes, rounded up.
    public static func encode(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: encodedCount(bytes.count)) { output in
            bytes.withUnsafeBytes { encode($0, into: UnsafeMutableRawBufferPointer(output)) }
            return encodedCount(bytes.count)
        }
    }

    /// The characters that so many bytes take.
    package static func encodedCount(_ count: Int) -> Int { (count * 4 + 2) / 3 }

    /// Writes the text of `bytes` into memory of ``encodedCount(_:)`` bytes.
    package static func encode(_ bytes: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) {
        precondition(output.count >= encodedCount(bytes.count), "no room for the text")
        alphabet.withUnsafeBufferPointer { alphabet in
            var end = 0
            func put(_ value: UInt32) {
                output[end] = alphabet[Int(value & 63)]
                end += 1
            }
            let whole = bytes.count - bytes.count % 3
            for start in stride(from: 0, to: whole, by: 3) {
                let group = UInt32(bytes[start]) << 16 | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2])
                put(group >> 18)
                put(group >> 12)
                put(group >> 6)
                put(group)
            }
            switch bytes.count - whole {
            case 1:
                let group = UInt32(bytes[whole]) << 4
                put(group >> 6)
                put(group)
            case 2:
                let group = UInt32(bytes[whole]) << 10 | UInt32(bytes[whole + 1]) << 2
                put(group >> 12)
                put(group >> 6)
                put(group)
            default: break
            }
        }
    }

    /// The bytes of `text`; nil for another character, padding, or bits that mean nothing.
    public static func decode(_ text: [UInt8]) -> [UInt8]? { text.withUnsafeBytes { decode($0) } }

    /// The bytes of a string; nil for another character, padding, or bits that mean nothing.
    public static func decode(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { decode(UnsafeRawBufferPointer($0)) }
    }

    private static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        // An array with room for nothing is the one empty array of the process, and filling it would write to that.
        if text.isEmpty { return [] }
        var isValid = false
        let bytes = [UInt8](unsafeUninitializedCapacity: decodedCount(text.count)) { output, count in
            isValid = decode(text, into: UnsafeMutableRawBufferPointer(output))
            count = isValid ? decodedCount(text.count) : 0
        }
        return isValid ? bytes : nil
    }

    /// The bytes that so many characters stand for.
    package static func decodedCount(_ count: Int) -> Int { count * 3 / 4 }

    /// Writes the bytes of `text` into memory of ``decodedCount(_:)`` bytes; false where ``decode(_:)`` gives nil.
    package static func decode(_ text: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        precondition(output.count >= decodedCount(text.count), "no room for the bytes")
        return values.withUnsafeBufferPointer { values in
            // Has a bit above the sixth as soon as one character is outside the alphabet.
            var seen: UInt32 = 0
            func value(_ place: Int) -> UInt32 {
                let value = UInt32(values[Int(text[place])])
                seen |= value
                return value
            }
            let whole = text.count - text.count % 4
            var end = 0
            for start in stride(from: 0, to: whole, by: 4) {
                let group = value(start) << 18 | value(start + 1) << 12 | value(start + 2) << 6 | value(start + 3)
                output[end] = UInt8(truncatingIfNeeded: group >> 16)
                output[end + 1] = UInt8(truncatingIfNeeded: group >> 8)
                output[end + 2] = UInt8(truncatingIfNeeded: group)
                end += 3
            }
            // A text has one meaning, and a meaning has one text: what does not fill a byte is zero.
            switch text.count - whole {
            case 0: return seen < 64
            case 2:
                let group = value(whole) << 6 | value(whole + 1)
                output[end] = UInt8(truncatingIfNeeded: group >> 4)
                return seen < 64 && group & 0xF == 0
            case 3:
                let group = value(whole) << 12 | value(whole + 1) << 6 | value(whole + 2)
                output[end] = UInt8(truncatingIfNeeded: group >> 10)
                output[end + 1] = UInt8(truncatingIfNeeded: group >> 2)
                return seen < 64 && group & 0x3 == 0
            default: return false
            }
        }
    }
}
