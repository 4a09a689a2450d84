import CSodium

/// An element of edwards25519's prime-order subgroup other than the identity. Every value was validated when it was
/// received, so operations on it need no further check.
///
/// libsodium's `add` and `sub` accept anything and its `scalarmult` refuses a zero scalar and the identity; here the
/// identity cannot be represented, and an operation that would give it throws ``CryptographyError/identityElement``.
public struct GroupElement: HexadecimalCodable, Comparable {
    /// `group element`.
    public static let typeName = "group element"

    package let octets: Octets32

    /// `nil` unless the 32 bytes are canonical, in the prime-order subgroup and not the identity (RFC 9591, 6.1).
    public init?(bytes: [UInt8]) {
        Sodium.require()
        guard let octets = Octets32(bytes) else { return nil }
        let isValid = Rehearsal.isValid(octets) { point in
            point.withPointer { crypto_core_ed25519_is_valid_point($0) } == 1
        }
        guard isValid else { return nil }
        self.octets = octets
    }

    private init(trusted octets: Octets32) {
        self.octets = octets
    }

    /// The point behind a verification key, which was validated as one.
    public init(_ key: Ed25519.PublicKey) {
        octets = key.octets
    }

    /// 32 bytes (RFC 8032, 5.1.2).
    public var bytes: [UInt8] { octets.bytes }

    /// This point as a verification key.
    public var verificationKey: Ed25519.PublicKey { Ed25519.PublicKey(trusted: octets) }

    /// s·B. Throws ``CryptographyError/identityElement`` for zero.
    public static func baseMultiple(of scalar: SecretScalar) throws(CryptographyError) -> GroupElement {
        try scalar.bytes.withPointer { pointer throws(CryptographyError) in try baseMultiple(pointer) }
    }

    /// s·B. Throws ``CryptographyError/identityElement`` for zero.
    public static func baseMultiple(of scalar: Scalar) throws(CryptographyError) -> GroupElement {
        try scalar.octets.withPointer { pointer throws(CryptographyError) in try baseMultiple(pointer) }
    }

    private static func baseMultiple(_ scalar: UnsafePointer<UInt8>) throws(CryptographyError) -> GroupElement {
        Sodium.require()
        let multiple = try GroupElement(computedBy: { crypto_scalarmult_ed25519_base_noclamp($0, scalar) })
        Rehearsal.noteValid(multiple.octets)
        return multiple
    }

    /// s·P. Throws ``CryptographyError/identityElement`` for zero.
    public static func * (scalar: Scalar, point: GroupElement) throws(CryptographyError) -> GroupElement {
        // Multiplying by one is frequent (a participant's own weight) and costs a hundred additions.
        guard scalar != .one else { return point }
        let product = try Rehearsal.result(.product, scalar.octets, point.octets) { () throws(CryptographyError) in
            try GroupElement(computedBy: { output in
                scalar.octets.withPointer { scalar in
                    point.octets.withPointer { crypto_scalarmult_ed25519_noclamp(output, scalar, $0) }
                }
            }).octets
        }
        return GroupElement(trusted: product)
    }

    /// P + Q. Throws ``CryptographyError/identityElement`` for opposite points.
    public static func + (left: GroupElement, right: GroupElement) throws(CryptographyError) -> GroupElement {
        try combine(.sum, left, right, crypto_core_ed25519_add)
    }

    /// P − Q. Throws ``CryptographyError/identityElement`` for equal points.
    public static func - (left: GroupElement, right: GroupElement) throws(CryptographyError) -> GroupElement {
        try combine(.difference, left, right, crypto_core_ed25519_sub)
    }

    /// The order of the byte strings.
    public static func < (left: GroupElement, right: GroupElement) -> Bool {
        left.octets < right.octets
    }

    private static func combine(
        _ kind: Rehearsal.Operation, _ left: GroupElement, _ right: GroupElement,
        _ operation: (UnsafeMutablePointer<UInt8>, UnsafePointer<UInt8>, UnsafePointer<UInt8>) -> CInt
    ) throws(CryptographyError) -> GroupElement {
        let result = try Rehearsal.result(kind, left.octets, right.octets) { () throws(CryptographyError) in
            try GroupElement(computedBy: { output in
                left.octets.withPointer { left in right.octets.withPointer { operation(output, left, $0) } }
            }).octets
        }
        return GroupElement(trusted: result)
    }

    /// The encoding of the neutral element: y = 1.
    private static let identity = Octets32 { $0[0] = 1 }

    private init(computedBy operation: (UnsafeMutablePointer<UInt8>) -> CInt) throws(CryptographyError) {
        var status: CInt = 0
        let result = Octets32 { status = operation($0) }
        // Inputs are valid, so a refusal means that scalar or result is neutral; `add` and `sub` do not refuse it.
        guard status == 0, result != Self.identity else { throw .identityElement }
        octets = result
    }
}
