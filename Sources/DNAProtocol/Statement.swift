import Canonical
public import Cryptography

/// A value that is hashed or signed: its context string, a newline, then its RFC 8785 form.
///
/// Every kind of statement has its own context, so bytes signed as one kind can never pass for another.
public protocol Statement: Encodable, Sendable {
    /// The context string, such as `dna/vote/1`.
    static var context: String { get }
}

extension Statement {
    /// The exact bytes that are hashed or signed.
    public func signingBytes() throws -> [UInt8] {
        try Array((Self.context + "\n").utf8) + CanonicalJSON.encode(self)
    }

    /// The SHA-256 of ``signingBytes()``.
    public func digest() throws -> DigestOf<Self> {
        DigestOf(try Digest.of(Self.context, canonical: self))
    }

    /// Signs ``signingBytes()``.
    public func signed(by key: Ed25519.SigningKey) throws -> Ed25519.Signature {
        key.sign(try signingBytes())
    }

    /// Whether `signature` is `key`'s over ``signingBytes()``.
    public func isSigned(by key: Ed25519.PublicKey, _ signature: Ed25519.Signature) throws -> Bool {
        key.verifies(signature, of: try signingBytes())
    }
}
