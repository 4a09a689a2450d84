import CSodium

/// Key agreement on Curve25519 (RFC 7748), for encrypting to a participant's long-lived key.
public enum X25519 {
    /// A recipient's public key.
    public struct PublicKey: HexadecimalCodable, Comparable {
        /// `X25519 public key`.
        public static let typeName = "X25519 public key"

        package let octets: Octets32

        /// `nil` unless there are 32 bytes. A key of small order is found when a secret is agreed with it.
        public init?(bytes: [UInt8]) {
            guard let octets = Octets32(bytes) else { return nil }
            self.octets = octets
        }

        init(trusted octets: Octets32) {
            self.octets = octets
        }

        /// The 32 bytes of the u coordinate.
        public var bytes: [UInt8] { octets.bytes }

        /// The order of the byte strings.
        public static func < (left: PublicKey, right: PublicKey) -> Bool {
            left.octets < right.octets
        }
    }

    /// A secret key in secret memory.
    public final class SecretKey: Sendable {
        /// The key others encrypt to.
        public let publicKey: PublicKey
        /// The 32 secret bytes, to be stored sealed.
        public let bytes: SecretBytes

        /// A new key from the system's randomness.
        public convenience init() {
            self.init(checked: SystemRandom.secret(count: 32))
        }

        /// The key of 32 secret bytes. Throws ``CryptographyError/wrongLength(expected:actual:)``.
        public convenience init(bytes: SecretBytes) throws(CryptographyError) {
            guard bytes.count == 32 else { throw .wrongLength(expected: 32, actual: bytes.count) }
            self.init(checked: bytes)
        }

        init(checked bytes: SecretBytes) {
            self.bytes = bytes
            publicKey = PublicKey(
                trusted: Octets32 { output in
                    bytes.withPointer { _ = crypto_scalarmult_curve25519_base(output, $0) }
                })
        }

        /// The agreed point, unhashed. Throws ``CryptographyError/weakPublicKey``.
        func agree(with peer: PublicKey) throws(CryptographyError) -> SecretBytes {
            try SecretBytes(count: 32) { (buffer) throws(CryptographyError) in
                let output = buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
                let status = bytes.withPointer { scalar in
                    peer.octets.withPointer { crypto_scalarmult_curve25519(output, scalar, $0) }
                }
                // crypto_scalarmult(3): −1 when the result is all zeros.
                guard status == 0 else { throw .weakPublicKey }
            }
        }
    }
}
