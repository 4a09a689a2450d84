extension RSAPSS {
    /// The numbers of a private key (RFC 8017, 3.2, second form), big-endian, in secret memory.
    public struct PrivateNumbers: Sendable {
        /// n.
        public var modulus: SecretBytes
        /// e; always 65,537.
        public var publicExponent: SecretBytes
        /// d.
        public var privateExponent: SecretBytes
        /// p.
        public var firstPrime: SecretBytes
        /// q.
        public var secondPrime: SecretBytes
        /// d mod (p − 1).
        public var firstExponent: SecretBytes
        /// d mod (q − 1).
        public var secondExponent: SecretBytes
        /// q⁻¹ mod p.
        public var coefficient: SecretBytes

        /// All eight.
        public init(
            modulus: SecretBytes, publicExponent: SecretBytes, privateExponent: SecretBytes, firstPrime: SecretBytes,
            secondPrime: SecretBytes, firstExponent: SecretBytes, secondExponent: SecretBytes, coefficient: SecretBytes
        ) {
            self.modulus = modulus
            self.publicExponent = publicExponent
            self.privateExponent = privateExponent
            self.firstPrime = firstPrime
            self.secondPrime = secondPrime
            self.firstExponent = firstExponent
            self.secondExponent = secondExponent
            self.coefficient = coefficient
        }

        fileprivate var named: [RSAKeyHandle.Number] {
            [
                (.modulus, modulus), (.publicExponent, publicExponent), (.privateExponent, privateExponent),
                (.firstPrime, firstPrime), (.secondPrime, secondPrime), (.firstExponent, firstExponent),
                (.secondExponent, secondExponent), (.coefficient, coefficient),
            ]
        }
    }

    /// A key that signs. OpenSSL holds its numbers, in ordinary memory that it wipes with the key.
    public final class SigningKey: Sendable {
        /// The key that verifies this key's signatures.
        public let publicKey: PublicKey
        private let handle: RSAKeyHandle

        /// A new key of 2,048 to 4,096 bits, a multiple of eight; takes seconds. Throws
        /// ``CryptographyError/invalidRSAKey(reason:)``.
        public init(bits: Int) throws(CryptographyError) {
            guard bits % 8 == 0, RSAPSS.modulusByteCounts.contains(bits / 8) else {
                throw .invalidRSAKey(reason: "a key has 2048 to 4096 bits, in whole bytes")
            }
            handle = try RSAKeyHandle(generatingBits: bits)
            guard let modulus = handle.number(.modulus) else { throw .invalidRSAKey(reason: "it has no modulus") }
            publicKey = try PublicKey(modulus: modulus.withUnsafeBytes { [UInt8]($0) }, handle: handle)
        }

        /// The key of these numbers. Throws ``CryptographyError/invalidRSAKey(reason:)`` when the exponent or size is
        /// not one used here, or when the numbers do not belong together.
        public init(_ numbers: PrivateNumbers) throws(CryptographyError) {
            guard numbers.publicExponent.withUnsafeBytes({ [UInt8]($0) }) == RSAPSS.exponent else {
                throw .invalidRSAKey(reason: "its public exponent is not 65537")
            }
            let modulus = numbers.modulus.withUnsafeBytes { [UInt8]($0) }
            publicKey = try PublicKey(modulus: modulus)
            handle = try RSAKeyHandle(numbers.named, isPrivate: true)
            // Costs less than a test of the primes, and shows what matters: that its signatures are this modulus's.
            let probe = SystemRandom.bytes(count: 32)
            guard let signature = handle.sign(probe), publicKey.verifies(signature, of: probe) else {
                throw .invalidRSAKey(reason: "its numbers do not belong together")
            }
        }

        /// A signature of the message with a fresh salt of 32 bytes.
        public func sign(_ message: [UInt8]) -> [UInt8] {
            // The key has signed, or was made, before: only a lack of memory or randomness is left.
            guard let signature = handle.sign(message) else { preconditionFailure("OpenSSL signs no more") }
            return signature
        }

        /// The key's numbers, to be stored as a wallet. Throws ``CryptographyError/invalidRSAKey(reason:)`` when OpenSSL
        /// keeps one to itself.
        public func numbers() throws(CryptographyError) -> PrivateNumbers {
            func number(_ name: RSAParameter) throws(CryptographyError) -> SecretBytes {
                guard let number = handle.number(name) else { throw .invalidRSAKey(reason: "a number is missing") }
                return number
            }
            return try PrivateNumbers(
                modulus: number(.modulus), publicExponent: number(.publicExponent),
                privateExponent: number(.privateExponent), firstPrime: number(.firstPrime),
                secondPrime: number(.secondPrime), firstExponent: number(.firstExponent),
                secondExponent: number(.secondExponent), coefficient: number(.coefficient))
        }
    }
}
