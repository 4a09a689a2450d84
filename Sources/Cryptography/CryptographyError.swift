/// What can go wrong in this module. Nothing here carries a secret.
public enum CryptographyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// libsodium failed to start, or its point validation accepts points outside the main subgroup (CVE-2025-69277).
    case unusableLibrary(reason: String)
    /// A key, scalar or buffer does not have the size its type requires, in bytes.
    case wrongLength(expected: Int, actual: Int)
    /// The bytes are not the canonical encoding of a point in the main subgroup, or encode the identity.
    case invalidElement
    /// The bytes are not a canonical scalar below the group order.
    case invalidScalar
    /// The result would be the identity element, which no step of the protocols here may meet.
    case identityElement
    /// Zero has no inverse, and no place where a secret scalar is expected.
    case zeroScalar
    /// The key agreement gave an all-zero secret: the peer's key has a small order.
    case weakPublicKey
    /// The ciphertext, its associated data or the key is not the one that was sealed.
    case authenticationFailed
    /// The numbers are not an RSA key that is used here: why.
    case invalidRSAKey(reason: String)

    /// A sentence for logs.
    public var description: String {
        switch self {
        case .unusableLibrary(let reason): "libsodium cannot be used: \(reason)"
        case .wrongLength(let expected, let actual): "expected \(expected) bytes, got \(actual)"
        case .invalidElement: "not a canonical group element of prime order"
        case .invalidScalar: "not a canonical scalar"
        case .identityElement: "the identity element is not allowed here"
        case .zeroScalar: "zero is not allowed here"
        case .weakPublicKey: "the public key has a small order"
        case .authenticationFailed: "authentication failed"
        case .invalidRSAKey(let reason): "not an RSA key that can be used: \(reason)"
        }
    }
}
