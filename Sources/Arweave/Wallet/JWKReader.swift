import Canonical
import Cryptography

/// Reads a JSON Web Key without letting its secrets into ordinary memory, as a general JSON reader would.
///
/// It takes what wallets hold: one object whose members are strings without escapes, `true`, `false`, or lists of strings.
struct JWKReader {
    /// The members that are numbers of the key.
    private static let names: Set<String> = ["n", "e", "d", "p", "q", "dp", "dq", "qi"]
    /// More members than a key of this type can have.
    private static let memberLimit = 32

    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    private init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The key's numbers by their names, big-endian. Throws ``ArweaveError/malformedWallet(reason:)``.
    static func members(of text: SecretBytes) throws(ArweaveError) -> [String: SecretBytes] {
        try text.withUnsafeBytes { bytes throws(ArweaveError) in
            var reader = JWKReader(bytes)
            return try reader.object()
        }
    }

    private mutating func object() throws(ArweaveError) -> [String: SecretBytes] {
        var (seen, numbers): (Set<String>, [String: SecretBytes]) = ([], [:])
        try expect("{")
        repeat {
            let name = String(decoding: bytes[try string()], as: UTF8.self)
            guard seen.insert(name).inserted, seen.count <= Self.memberLimit else {
                throw .malformedWallet(reason: "a member is there twice, or there are too many")
            }
            try expect(":")
            if Self.names.contains(name) {
                numbers[name] = try number(name)
            } else if name == "kty" {
                guard bytes[try string()].elementsEqual("RSA".utf8) else {
                    throw .malformedWallet(reason: "its key is not of type RSA")
                }
            } else {
                try skipValue()
            }
        } while take(",")
        try expect("}")
        skipSpace()
        guard position == bytes.count else { throw .malformedWallet(reason: "something follows the key") }
        guard seen.contains("kty") else { throw .malformedWallet(reason: "it has no kty") }
        return numbers
    }

    private mutating func number(_ name: String) throws(ArweaveError) -> SecretBytes {
        let text = UnsafeRawBufferPointer(rebasing: bytes[try string()])
        var isValid = false
        let number = SecretBytes(count: Base64URL.decodedCount(text.count)) {
            isValid = Base64URL.decode(text, into: $0)
        }
        guard isValid else { throw .malformedWallet(reason: "\(name) is not base64url") }
        return number
    }

    private mutating func skipValue() throws(ArweaveError) {
        if take("[") {
            repeat { _ = try string() } while take(",")
            return try expect("]")
        }
        for word in ["true", "false"] where bytes[position...].starts(with: word.utf8) {
            position += word.utf8.count
            return
        }
        _ = try string()
    }

    /// What is between the next two quotation marks.
    private mutating func string() throws(ArweaveError) -> Range<Int> {
        try expect("\"")
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            guard bytes[position] >= 0x20, bytes[position] != UInt8(ascii: "\\") else {
                throw .malformedWallet(reason: "a string has characters that no key has")
            }
            position += 1
        }
        let end = position
        try expect("\"")
        return start..<end
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(ArweaveError) {
        guard take(character) else { throw .malformedWallet(reason: "it is not the JSON of a key") }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        // Not within a string: the one caller there stands on the closing mark.
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }
}

/// Writes a JSON Web Key into secret memory.
enum JWKWriter {
    static func text(_ numbers: [(name: String, bytes: SecretBytes)]) -> SecretBytes {
        let beginning = [UInt8](#"{"kty":"RSA""#.utf8)
        let names = numbers.map { [UInt8](#","\#($0.name)":""#.utf8) }
        let end = [UInt8]("}\n".utf8)
        let count = zip(names, numbers).reduce(beginning.count + end.count) { sum, part in
            sum + part.0.count + Base64URL.encodedCount(part.1.bytes.count) + 1
        }
        return SecretBytes(count: count) { output in
            var position = 0
            func put(_ bytes: [UInt8]) {
                output[position..<position + bytes.count].copyBytes(from: bytes)
                position += bytes.count
            }
            put(beginning)
            for (name, number) in zip(names, numbers) {
                put(name)
                let length = Base64URL.encodedCount(number.bytes.count)
                let place = UnsafeMutableRawBufferPointer(rebasing: output[position..<position + length])
                number.bytes.withUnsafeBytes { Base64URL.encode($0, into: place) }
                position += length
                put([UInt8(ascii: "\"")])
            }
            put(end)
        }
    }
}
