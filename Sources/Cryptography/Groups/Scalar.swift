import CSodium

/// A public scalar modulo the order L of edwards25519's prime-order subgroup: challenges, binding factors, Lagrange
/// coefficients, signature shares. Secrets are ``SecretScalar``s.
public struct Scalar: HexadecimalCodable {
    /// `scalar`.
    public static let typeName = "scalar"
    /// Zero.
    public static let zero = Scalar(0)
    /// One.
    public static let one = Scalar(1)

    package let octets: Octets32

    /// `nil` unless the 32 little-endian bytes are below L.
    public init?(bytes: [UInt8]) {
        Sodium.require()
        guard let octets = Octets32(bytes), octets.withPointer({ ScalarArithmetic.isCanonical($0) }) else {
            return nil
        }
        self.octets = octets
    }

    /// A small number.
    public init(_ number: UInt16) {
        octets = Octets32 { output in
            output[0] = UInt8(truncatingIfNeeded: number)
            output[1] = UInt8(number >> 8)
        }
    }

    /// 64 little-endian bytes reduced modulo L, as from a SHA-512 digest (RFC 9591, 6.1).
    public init(reducing wide: [UInt8]) {
        precondition(wide.count == 64, "a wide scalar has 64 bytes")
        Sodium.require()
        octets = Octets32 { crypto_core_ed25519_scalar_reduce($0, wide) }
    }

    package init(trusted octets: Octets32) {
        self.octets = octets
    }

    /// 32 little-endian bytes.
    public var bytes: [UInt8] { octets.bytes }

    /// Whether this is zero.
    public var isZero: Bool { self == .zero }

    /// The multiplicative inverse. Throws ``CryptographyError/zeroScalar``.
    public func inverted() throws(CryptographyError) -> Scalar {
        // crypto_core_ed25519_scalar_invert fails for 0 only.
        guard !isZero else { throw .zeroScalar }
        return Scalar(
            trusted: Octets32 { output in
                octets.withPointer { _ = crypto_core_ed25519_scalar_invert(output, $0) }
            })
    }

    /// −a modulo L.
    public static prefix func - (value: Scalar) -> Scalar {
        Scalar(
            trusted: Octets32 { output in
                value.octets.withPointer { crypto_core_ed25519_scalar_negate(output, $0) }
            })
    }

    /// a + b modulo L.
    public static func + (left: Scalar, right: Scalar) -> Scalar {
        combine(left, right, crypto_core_ed25519_scalar_add)
    }

    /// a − b modulo L.
    public static func - (left: Scalar, right: Scalar) -> Scalar {
        combine(left, right, crypto_core_ed25519_scalar_sub)
    }

    /// a · b modulo L.
    public static func * (left: Scalar, right: Scalar) -> Scalar {
        combine(left, right, crypto_core_ed25519_scalar_mul)
    }

    private static func combine(
        _ left: Scalar, _ right: Scalar, _ operation: ScalarArithmetic.BinaryOperation
    ) -> Scalar {
        Scalar(
            trusted: Octets32 { output in
                left.octets.withPointer { left in right.octets.withPointer { operation(output, left, $0) } }
            })
    }
}

/// What public and secret scalars share.
enum ScalarArithmetic {
    typealias BinaryOperation = (UnsafeMutablePointer<UInt8>, UnsafePointer<UInt8>, UnsafePointer<UInt8>) -> Void

    /// libsodium has no call for it, and its `scalar_add` misbehaves on unreduced input: reduce and compare.
    static func isCanonical(_ scalar: UnsafePointer<UInt8>) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 96, alignment: 8) { memory in
            let wide = memory.baseAddress!.assumingMemoryBound(to: UInt8.self)
            let reduced = wide + 64
            wide.initialize(repeating: 0, count: 64)
            wide.update(from: scalar, count: 32)
            crypto_core_ed25519_scalar_reduce(reduced, wide)
            let isSame = sodium_memcmp(reduced, scalar, 32) == 0
            sodium_memzero(memory.baseAddress!, memory.count)
            return isSame
        }
    }
}
