import CSodium

extension Ed25519 {
    /// A verification key: canonical, in the prime-order subgroup, not the identity.
    public struct PublicKey: HexadecimalCodable, Comparable {
        /// `Ed25519 public key`.
        public static let typeName = "Ed25519 public key"

        package let octets: Octets32

        /// `nil` unless the 32 bytes are the canonical encoding of a point of prime order.
        public init?(bytes: [UInt8]) {
            Sodium.require()
            guard let octets = Octets32(bytes) else { return nil }
            if !KnownKeys.contains(octets) {
                guard octets.withPointer({ crypto_core_ed25519_is_valid_point($0) }) == 1 else { return nil }
                KnownKeys.insert(octets)
            }
            self.octets = octets
        }

        /// For keys that this module derived itself from a validated point or a secret.
        package init(trusted octets: Octets32) {
            self.octets = octets
        }

        /// The 32 bytes of RFC 8032, 5.1.5.
        public var bytes: [UInt8] { octets.bytes }

        /// Whether `signature` is this key's signature of `message` (RFC 8032, 5.1.7, without the cofactor; libsodium
        /// also refuses an s that is not canonical and points of small order).
        public func verifies(_ signature: Signature, of message: [UInt8]) -> Bool {
            Sodium.require()
            guard let rehearsal = Rehearsal.current else { return isVerified(signature, message) }
            return rehearsal.verifies(octets, signature.bytes, message) { isVerified(signature, message) }
        }

        private func isVerified(_ signature: Signature, _ message: [UInt8]) -> Bool {
            signature.withPointer { signature in
                octets.withPointer { key in
                    crypto_sign_ed25519_verify_detached(signature, message, UInt64(message.count), key) == 0
                }
            }
        }

        /// The order of the byte strings.
        public static func < (left: PublicKey, right: PublicKey) -> Bool {
            left.octets < right.octets
        }
    }

    /// A signature: R ‖ s. Its form is checked when it is verified.
    public struct Signature: HexadecimalCodable {
        /// `Ed25519 signature`.
        public static let typeName = "Ed25519 signature"

        private let commitment: Octets32
        private let response: Octets32

        /// `nil` unless there are 64 bytes.
        public init?(bytes: [UInt8]) {
            guard bytes.count == 64, let commitment = Octets32(bytes[..<32]), let response = Octets32(bytes[32...])
            else { return nil }
            self.init(commitment: commitment, response: response)
        }

        /// A signature put together from its two halves.
        public init(commitment: GroupElement, response: Scalar) {
            self.init(commitment: commitment.octets, response: response.octets)
        }

        private init(commitment: Octets32, response: Octets32) {
            self.commitment = commitment
            self.response = response
        }

        /// R ‖ s, 64 bytes.
        public var bytes: [UInt8] { commitment.bytes + response.bytes }

        fileprivate func withPointer<R>(_ body: (UnsafePointer<UInt8>) -> R) -> R {
            withUnsafeBytes(of: (commitment, response)) { body($0.baseAddress!.assumingMemoryBound(to: UInt8.self)) }
        }
    }
}
