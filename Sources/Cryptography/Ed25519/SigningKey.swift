import CSodium

extension Ed25519 {
    /// A signing key in secret memory.
    public final class SigningKey: Sendable {
        /// The size of a seed in bytes.
        public static let seedByteCount = 32

        /// The key that verifies this key's signatures.
        public let publicKey: PublicKey
        /// libsodium's form: seed ‖ public key.
        private let secret: SecretBytes

        /// A new key from the system's randomness.
        public convenience init() {
            self.init(checkedSeed: SystemRandom.secret(count: Self.seedByteCount))
        }

        /// The key of a 32-byte seed (RFC 8032, 5.1.5). Throws ``CryptographyError/wrongLength(expected:actual:)``.
        public convenience init(seed: SecretBytes) throws(CryptographyError) {
            guard seed.count == Self.seedByteCount else {
                throw .wrongLength(expected: Self.seedByteCount, actual: seed.count)
            }
            self.init(checkedSeed: seed)
        }

        private init(checkedSeed seed: SecretBytes) {
            var octets = Octets32()
            secret = SecretBytes(count: 64) { buffer in
                let output = buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
                octets = Octets32 { key in
                    seed.withPointer { _ = crypto_sign_ed25519_seed_keypair(key, output, $0) }
                }
            }
            publicKey = PublicKey(trusted: octets)
        }

        /// The 32-byte seed, to be stored sealed.
        public var seed: SecretBytes { secret.slice(0..<Self.seedByteCount) }

        /// Lends libsodium's form: seed ‖ public key.
        func withSecret<R>(_ body: (UnsafePointer<UInt8>) -> R) -> R { secret.withPointer(body) }

        /// The deterministic signature of RFC 8032, 5.1.6.
        public func sign(_ message: [UInt8]) -> Signature {
            var bytes = [UInt8](repeating: 0, count: 64)
            secret.withPointer {
                _ = crypto_sign_ed25519_detached(&bytes, nil, message, UInt64(message.count), $0)
            }
            return Signature(bytes: bytes)!  // exactly 64 bytes by construction
        }
    }
}
