import Cryptography
import Testing

private func secret(_ bytes: [UInt8]) -> SecretBytes { bytes.withUnsafeBytes { SecretBytes(copying: $0) } }

@Suite struct RSATests {
    /// Making a key takes longer than everything that is done with it.
    private static let key = Result { try RSAPSS.SigningKey(bits: 2048) }

    @Test func whatIsSignedVerifies() throws {
        let key = try Self.key.get()
        let message: [UInt8] = [1, 2, 3]
        let signature = key.sign(message)
        #expect(signature.count == 256)
        #expect(key.publicKey.verifies(signature, of: message))
        #expect(signature != key.sign(message), "the salt is fresh")
        let copy = try RSAPSS.PublicKey(modulus: key.publicKey.modulus)
        #expect(copy == key.publicKey)
        #expect(copy.verifies(signature, of: message))
    }

    @Test func theLargestKeySigns() throws {
        let key = try RSAPSS.SigningKey(bits: 4096)
        #expect(key.publicKey.modulus.count == 512)
        #expect(key.publicKey.verifies(key.sign([7]), of: [7]))
    }

    @Test func anyAlterationFails() throws {
        let key = try Self.key.get()
        let message: [UInt8] = [1, 2, 3]
        let signature = key.sign(message)
        for index in stride(from: 0, to: signature.count, by: 17) {
            var altered = signature
            altered[index] ^= 1
            #expect(!key.publicKey.verifies(altered, of: message))
        }
        #expect(!key.publicKey.verifies(signature, of: [1, 2]))
        #expect(!key.publicKey.verifies(signature + [0], of: message))
        #expect(!key.publicKey.verifies(Array(signature.dropLast()), of: message))
        #expect(!key.publicKey.verifies([], of: message))
    }

    @Test func aKeyComesBackFromItsNumbers() throws {
        let key = try Self.key.get()
        let copy = try RSAPSS.SigningKey(try key.numbers())
        #expect(copy.publicKey == key.publicKey)
        #expect(key.publicKey.verifies(copy.sign([9]), of: [9]))
    }

    @Test func numbersThatDoNotBelongTogetherAreRefused() throws {
        let numbers = try Self.key.get().numbers()
        let other = try RSAPSS.SigningKey(bits: 2048).numbers()
        var mixed = numbers
        mixed.modulus = other.modulus
        #expect(throws: CryptographyError.self) { try RSAPSS.SigningKey(mixed) }
        mixed = numbers
        mixed.privateExponent = other.privateExponent
        mixed.firstExponent = other.firstExponent
        #expect(throws: CryptographyError.self) { try RSAPSS.SigningKey(mixed) }
        mixed = numbers
        mixed.publicExponent = secret([3])
        #expect(throws: CryptographyError.invalidRSAKey(reason: "its public exponent is not 65537")) {
            try RSAPSS.SigningKey(mixed)
        }
        mixed = numbers
        mixed.firstPrime = secret([])
        #expect(throws: CryptographyError.self) { try RSAPSS.SigningKey(mixed) }
    }

    @Test func onlyModuliOfUsedSizesAreKeys() {
        let whole = [UInt8](repeating: 0xFF, count: 256)
        #expect(throws: Never.self) { try RSAPSS.PublicKey(modulus: whole) }
        #expect(throws: CryptographyError.self) { try RSAPSS.PublicKey(modulus: []) }
        #expect(throws: CryptographyError.self) { try RSAPSS.PublicKey(modulus: Array(whole.dropLast())) }
        #expect(throws: CryptographyError.self) { try RSAPSS.PublicKey(modulus: [0] + whole) }
        #expect(throws: CryptographyError.self) { try RSAPSS.PublicKey(modulus: whole.dropLast() + [0xFE]) }
        #expect(throws: CryptographyError.self) {
            try RSAPSS.PublicKey(modulus: [UInt8](repeating: 0xFF, count: 513))
        }
        #expect(throws: CryptographyError.self) { try RSAPSS.SigningKey(bits: 1024) }
        #expect(throws: CryptographyError.self) { try RSAPSS.SigningKey(bits: 2050) }
    }

    @Test func aKeyIsNeverPrinted() throws {
        let key = try Self.key.get()
        let exponent = try key.numbers().privateExponent.withUnsafeBytes { Hexadecimal.encode($0) }
        var text = "\(key) \(try key.numbers())"
        dump(key, to: &text)
        dump(try key.numbers(), to: &text)
        #expect(!text.contains(exponent.prefix(32)))
        #expect(text.contains("SecretBytes(256 bytes)"))
    }
}
