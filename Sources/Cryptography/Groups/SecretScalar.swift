import CSodium

/// A scalar modulo L whose value must not leak: key shares, nonces, polynomial coefficients. It lives in secret memory.
public final class SecretScalar: Sendable {
    private let storage: SecretBytes

    /// Takes 32 little-endian bytes. Throws ``CryptographyError/wrongLength(expected:actual:)`` or
    /// ``CryptographyError/invalidScalar`` when they are not below L.
    public init(_ bytes: SecretBytes) throws(CryptographyError) {
        guard bytes.count == 32 else { throw .wrongLength(expected: 32, actual: bytes.count) }
        guard bytes.withPointer({ ScalarArithmetic.isCanonical($0) }) else { throw .invalidScalar }
        storage = bytes
    }

    /// 64 little-endian secret bytes reduced modulo L.
    public init(reducing wide: SecretBytes) {
        precondition(wide.count == 64, "a wide scalar has 64 bytes")
        storage = Self.compute { output in wide.withPointer { crypto_core_ed25519_scalar_reduce(output, $0) } }
    }

    private init(trusted storage: SecretBytes) {
        self.storage = storage
    }

    /// A uniformly random scalar that is not zero, from 64 bytes of `randomness`.
    public static func random(from randomness: inout some SecretRandomness) -> SecretScalar {
        while true {
            let scalar = SecretScalar(reducing: randomness.secret(count: 64))
            if !scalar.isZero { return scalar }
        }
    }

    /// The 32 little-endian bytes, to be encrypted or sealed.
    public var bytes: SecretBytes { storage }

    /// Whether this is zero, in constant time.
    public var isZero: Bool { storage.withPointer { sodium_is_zero($0, 32) == 1 } }

    /// Gives the value to the public: the last step for a signature share.
    public func disclosed() -> Scalar {
        Scalar(trusted: Octets32 { output in storage.withPointer { output.update(from: $0, count: 32) } })
    }

    /// a + b modulo L.
    public static func + (left: SecretScalar, right: SecretScalar) -> SecretScalar {
        combine(left, right.storage, crypto_core_ed25519_scalar_add)
    }

    /// a · b modulo L.
    public static func * (left: SecretScalar, right: SecretScalar) -> SecretScalar {
        combine(left, right.storage, crypto_core_ed25519_scalar_mul)
    }

    /// a · b modulo L, b public.
    public static func * (left: SecretScalar, right: Scalar) -> SecretScalar {
        SecretScalar(
            trusted: compute { output in
                left.storage.withPointer { left in
                    right.octets.withPointer { crypto_core_ed25519_scalar_mul(output, left, $0) }
                }
            })
    }

    private static func combine(
        _ left: SecretScalar, _ right: SecretBytes, _ operation: ScalarArithmetic.BinaryOperation
    ) -> SecretScalar {
        SecretScalar(
            trusted: compute { output in
                left.storage.withPointer { left in right.withPointer { operation(output, left, $0) } }
            })
    }

    private static func compute(_ body: (UnsafeMutablePointer<UInt8>) -> Void) -> SecretBytes {
        SecretBytes(count: 32) { body($0.baseAddress!.assumingMemoryBound(to: UInt8.self)) }
    }
}

extension SecretScalar: Equatable, CustomStringConvertible, CustomReflectable {
    /// Compares in constant time.
    public static func == (left: SecretScalar, right: SecretScalar) -> Bool {
        left.storage == right.storage
    }

    /// Never the value.
    public var description: String { "SecretScalar" }

    /// Never the value.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
