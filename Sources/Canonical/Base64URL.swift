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
            var (pending, count, end): (UInt32, UInt32, Int) = (0, 0, 0)
            func put(_ value: UInt32) {
                output[end] = alphabet[Int(value & 63)]
                end += 1
            }
            for byte in bytes {
                pending = pending << 8 | UInt32(byte)
                count += 8
                while count >= 6 {
                    count -= 6
                    put(pending >> count)
                }
            }
            if count > 0 { put(pending << (6 - count)) }
        }
    }

    /// The bytes of `text`; nil for another character, padding, or bits that mean nothing.
    public static func decode(_ text: [UInt8]) -> [UInt8]? {
        // An array with room for nothing is the one empty array of the process, and filling it would write to that.
        if text.isEmpty { return [] }
        var isValid = false
        let bytes = [UInt8](unsafeUninitializedCapacity: decodedCount(text.count)) { output, count in
            isValid = text.withUnsafeBytes { decode($0, into: UnsafeMutableRawBufferPointer(output)) }
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
            var (pending, count, end): (UInt32, UInt32, Int) = (0, 0, 0)
            for character in text {
                let value = values[Int(character)]
                guard value < 64 else { return false }
                pending = (pending << 6 | UInt32(value)) & 0xFFFF
                count += 6
                if count >= 8 {
                    count -= 8
                    output[end] = UInt8(truncatingIfNeeded: pending >> count)
                    end += 1
                }
            }
            // A text has one meaning, and a meaning has one text.
            return count < 6 && pending & (1 << count - 1) == 0
        }
    }
}
