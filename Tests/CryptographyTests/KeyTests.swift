import Cryptography
import Testing

func hex(_ text: String) throws -> [UInt8] { try #require(Hexadecimal.decode(text)) }

func secret(_ text: String) throws -> SecretBytes {
    var bytes = try hex(text)
    return SecretBytes(taking: &bytes)
}

@Suite struct Ed25519Tests {
    // RFC 8032, 7.1: tests 1, 2 and 3.
    @Test(arguments: [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                + "d25bf5f0595bbe24655141438e7a100b"
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                + "387b2eaeb4302aeeb00d291612bb0c00"
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
                + "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ])
    func signsAsRFC8032Does(seed: String, publicKey: String, message: String, signature: String) throws {
        let key = try Ed25519.SigningKey(seed: secret(seed))
        let message = try hex(message)
        #expect(key.publicKey.hex == publicKey)
        #expect(key.sign(message).hex == signature)
        #expect(key.publicKey.verifies(key.sign(message), of: message))
        #expect(key.seed == (try secret(seed)))
    }

    @Test func anyAlteredBitFails() throws {
        let key = Ed25519.SigningKey()
        let message: [UInt8] = [1, 2, 3]
        let signature = key.sign(message)
        for index in 0..<64 {
            var bytes = signature.bytes
            bytes[index] ^= 1
            #expect(!key.publicKey.verifies(try #require(Ed25519.Signature(bytes: bytes)), of: message))
        }
        #expect(!key.publicKey.verifies(signature, of: [1, 2]))
        #expect(!Ed25519.SigningKey().publicKey.verifies(signature, of: message))
    }

    @Test func refusesSeedsOfAnotherSize() {
        #expect(throws: CryptographyError.wrongLength(expected: 32, actual: 31)) {
            try Ed25519.SigningKey(seed: SystemRandom.secret(count: 31))
        }
    }
}

@Suite struct X25519Tests {
    private let recipient = X25519.SecretKey()

    private func seal(_ plaintext: String) throws -> [UInt8] {
        try X25519.seal(secret(plaintext), to: recipient.publicKey, context: "test/1", associated: [7])
    }

    @Test(arguments: ["", "00", "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"])
    func opensWhatWasSealed(plaintext: String) throws {
        let sealed = try seal(plaintext)
        #expect(sealed.count == plaintext.utf8.count / 2 + X25519.sealingOverhead)
        let opened = try X25519.open(sealed, with: recipient, context: "test/1", associated: [7])
        #expect(opened == (try secret(plaintext)))
    }

    @Test func opensForTheRecipientContextAndAssociatedDataOnly() throws {
        let sealed = try seal("aabb")
        let failure = CryptographyError.authenticationFailed
        #expect(throws: failure) {
            try X25519.open(sealed, with: X25519.SecretKey(), context: "test/1", associated: [7])
        }
        #expect(throws: failure) { try X25519.open(sealed, with: recipient, context: "test/2", associated: [7]) }
        #expect(throws: failure) { try X25519.open(sealed, with: recipient, context: "test/1", associated: [8]) }
        #expect(throws: failure) { try X25519.open([1, 2], with: recipient, context: "test/1", associated: [7]) }
        for index in sealed.indices {
            var altered = sealed
            altered[index] ^= 0x40
            #expect(throws: CryptographyError.self) {
                try X25519.open(altered, with: recipient, context: "test/1", associated: [7])
            }
        }
    }

    @Test func refusesKeysOfSmallOrder() throws {
        let zero = try #require(X25519.PublicKey(bytes: [UInt8](repeating: 0, count: 32)))
        #expect(throws: CryptographyError.weakPublicKey) {
            try X25519.seal(secret("00"), to: zero, context: "test/1", associated: [])
        }
    }

    @Test func theSameRandomnessRepeatsTheSameBytes() throws {
        func sealed(_ context: [UInt8]) throws -> [UInt8] {
            var randomness = SeededRandomness(seed: try secret(String(repeating: "5a", count: 32)), context: context)
            return try X25519.seal(
                secret("aa"), to: recipient.publicKey, context: "test/1", associated: [], randomness: &randomness)
        }
        #expect(try sealed([1]) == sealed([1]))
        #expect(try sealed([1]) != sealed([2]))
    }

    @Test func seededRandomnessNeverRepeatsWithinItself() throws {
        var randomness = SeededRandomness(seed: SystemRandom.secret(count: 32), context: [])
        let first = randomness.secret(count: 130)
        let second = randomness.secret(count: 130)
        #expect(first != second)
        #expect(first.slice(0..<64) != first.slice(64..<128))
    }
}
