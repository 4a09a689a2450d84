import Cryptography

/// FROST(Ed25519, SHA-512): the hash functions of RFC 9591, 6.1.
enum Suite {
    private static let contextString = [UInt8]("FROST-ED25519-SHA512-v1".utf8)

    /// H1: binding factors.
    static func h1(_ input: [UInt8]) -> Scalar { Scalar(reducing: digest("rho", input)) }

    /// H2: the challenge. Without a context string, so that the result is a plain Ed25519 signature.
    static func h2(_ input: [UInt8]) -> Scalar { Scalar(reducing: SHA512.hash(input)) }

    /// H3: nonces.
    static func h3(randomness: SecretBytes, secret: SecretBytes) -> SecretScalar {
        var hash = begin("nonce")
        hash.update(randomness)
        hash.update(secret)
        return SecretScalar(reducing: hash.finalizeSecret())
    }

    /// H4: the message.
    static func h4(_ input: [UInt8]) -> [UInt8] { digest("msg", input) }

    /// H5: the commitments.
    static func h5(_ input: [UInt8]) -> [UInt8] { digest("com", input) }

    /// The challenge of a proof of knowledge in key generation. Not in the RFC; as in the published vectors.
    static func hdkg(_ input: [UInt8]) -> Scalar { Scalar(reducing: digest("dkg", input)) }

    /// The nonce of a proof of knowledge. Hashing all that goes into the challenge makes it impossible for one nonce
    /// to meet two challenges, even when `randomness` repeats by design.
    static func proofNonce(randomness: SecretBytes, secret: SecretBytes, statement: [UInt8]) -> SecretScalar {
        var hash = begin("dkg-nonce")
        hash.update(randomness)
        hash.update(secret)
        hash.update(statement)
        return SecretScalar(reducing: hash.finalizeSecret())
    }

    private static func begin(_ label: String) -> SHA512 {
        var hash = SHA512()
        hash.update(contextString + [UInt8](label.utf8))
        return hash
    }

    private static func digest(_ label: String, _ input: [UInt8]) -> [UInt8] {
        var hash = begin(label)
        hash.update(input)
        return hash.finalize()
    }
}
