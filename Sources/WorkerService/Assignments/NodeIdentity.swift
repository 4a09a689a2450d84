package import Canonical
package import Cryptography
package import DNAProtocol

/// The node a worker votes as.
package struct NodeIdentity: Sendable {
    /// Signs commitments, votes and polls.
    package let key: Ed25519.SigningKey
    private let saltKey: SecretBytes

    /// The node with this key.
    package init(key: Ed25519.SigningKey) {
        self.key = key
        // Its own key, so that salts, which become public, say nothing about signatures.
        saltKey = HMACSHA256.derive(Array("dna/salt-key/1".utf8), key: key.seed)
    }

    /// The node's public key.
    package var node: Ed25519.PublicKey { key.publicKey }

    /// The salt of the node's commitment: HMAC-SHA-256 of the request's id and the round as 8 bytes, big-endian. A
    /// repeated run repeats it, and nobody else can guess it.
    package func salt(request: RequestID, round: Int) -> Digest {
        let message = request.digest.bytes + withUnsafeBytes(of: UInt64(round).bigEndian, Array.init)
        guard let salt = Digest(bytes: HMACSHA256.authenticate(message, key: saltKey)) else {
            preconditionFailure("a tag has the 32 bytes of a digest")
        }
        return salt
    }
}
