public import Cryptography

/// A SHA-256 digest under a context string, or the root of a Merkle tree.
public struct Digest: HexadecimalCodable, Comparable {
    /// `digest`.
    public static let typeName = "digest"
    /// The size in bytes.
    public static let byteCount = 32

    private let octets: Octets32

    /// `nil` unless there are 32 bytes.
    public init?(bytes: [UInt8]) {
        guard let octets = Octets32(bytes) else { return nil }
        self.octets = octets
    }

    /// Ends a running SHA-256.
    public init(_ hash: consuming SHA256) {
        octets = Octets32(hash.finalize())!  // SHA-256 gives 32 bytes
    }

    /// 32 bytes.
    public var bytes: [UInt8] { octets.bytes }

    /// SHA-256(UTF8(context) ‖ 0x0A ‖ bytes).
    public static func of(_ context: String, _ bytes: [UInt8]) -> Digest {
        var hash = SHA256()
        hash.update(SigningInput.prefix(context))
        hash.update(bytes)
        return Digest(hash)
    }

    /// SHA-256(UTF8(context) ‖ 0x0A ‖ RFC 8785 form of `value`).
    public static func of(
        _ context: String, canonical value: some Encodable
    ) throws(JSONEncodingFailure) -> Digest {
        of(context, try CanonicalJSON.encode(value))
    }

    /// SHA-256 of bytes that need no context, such as a file's.
    public static func ofRaw(_ bytes: [UInt8]) -> Digest {
        var hash = SHA256()
        hash.update(bytes)
        return Digest(hash)
    }

    /// The order of the byte strings.
    public static func < (left: Digest, right: Digest) -> Bool {
        left.octets < right.octets
    }
}

/// The bytes that get hashed or signed for a value under a context.
public enum SigningInput {
    /// UTF8(context) ‖ 0x0A ‖ RFC 8785 form of `value`.
    public static func bytes(_ context: String, canonical value: some Encodable) throws(JSONEncodingFailure) -> [UInt8]
    {
        prefix(context) + (try CanonicalJSON.encode(value))
    }

    /// A context is a constant of the program. A line feed in it would let two contexts run into each other.
    static func prefix(_ context: String) -> [UInt8] {
        precondition(!context.utf8.contains(0x0A), "a context has no line feed")
        return [UInt8](context.utf8) + [0x0A]
    }
}
