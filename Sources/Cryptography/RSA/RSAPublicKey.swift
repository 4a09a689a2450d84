extension RSAPSS {
    /// A key that verifies, known by its modulus.
    public struct PublicKey: Sendable {
        /// The modulus, big-endian without leading zeros.
        public let modulus: [UInt8]
        private let handle: RSAKeyHandle

        /// Throws ``CryptographyError/invalidRSAKey(reason:)`` for a size that is not used here.
        public init(modulus: [UInt8]) throws(CryptographyError) {
            try self.init(modulus: modulus, handle: nil)
        }

        init(modulus: [UInt8], handle: RSAKeyHandle?) throws(CryptographyError) {
            try Self.check(modulus)
            self.modulus = modulus
            if let handle {
                self.handle = handle
            } else {
                self.handle = try RSAKeyHandle(
                    [(.modulus, Self.copy(modulus)), (.publicExponent, Self.copy(RSAPSS.exponent))], isPrivate: false)
            }
        }

        /// Whether it is this key's signature of the message, with a salt of 32 bytes, of the greatest size or of none:
        /// the three that Arweave's own client takes.
        public func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
            guard signature.count == modulus.count else { return false }
            // RFC 8017, 9.1.1: what the encoded message leaves beside digest and padding.
            let greatest = modulus.count - SHA256.byteCount - 2
            return [RSAPSS.saltByteCount, greatest, 0].contains {
                handle.verifies(signature, of: message, salt: CInt($0))
            }
        }

        private static func check(_ modulus: [UInt8]) throws(CryptographyError) {
            guard RSAPSS.modulusByteCounts.contains(modulus.count), let first = modulus.first, first >= 0x80 else {
                throw .invalidRSAKey(reason: "its modulus has not 2048 to 4096 bits in whole bytes")
            }
            guard modulus.last! & 1 == 1 else { throw .invalidRSAKey(reason: "its modulus is even") }  // not empty
        }

        private static func copy(_ bytes: [UInt8]) -> SecretBytes {
            bytes.withUnsafeBytes { SecretBytes(copying: $0) }
        }
    }
}

extension RSAPSS.PublicKey: Hashable {
    /// Keys are equal when their moduli are.
    public static func == (left: Self, right: Self) -> Bool { left.modulus == right.modulus }

    /// By the modulus.
    public func hash(into hasher: inout Hasher) { hasher.combine(modulus) }
}
