import Cryptography
import Testing

@Suite struct ChunkCipherTests {
    private static let key = SecretBytes(count: 32) { $0.copyBytes(from: [UInt8](0..<32)) }

    private func cipher(_ name: String = "model.gguf", context: String = "test", key: SecretBytes = key) throws
        -> ChunkCipher
    {
        try ChunkCipher(key: key, context: context, name: name)
    }

    private func seal(_ bytes: [UInt8], _ index: UInt64, last: Bool, with cipher: ChunkCipher) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: bytes.count + ChunkCipher.overhead)
        bytes.withUnsafeBytes { bytes in
            output.withUnsafeMutableBytes { cipher.seal(bytes, index: index, isLast: last, into: $0) }
        }
        return output
    }

    private func open(_ bytes: [UInt8], _ index: UInt64, last: Bool, with cipher: ChunkCipher) throws -> [UInt8] {
        var output = [UInt8](repeating: 0, count: max(0, bytes.count - ChunkCipher.overhead))
        try bytes.withUnsafeBytes { bytes in
            try output.withUnsafeMutableBytes { try cipher.open(bytes, index: index, isLast: last, into: $0) }
        }
        return output
    }

    @Test func opensWhatItSealed() throws {
        for bytes in [[], [1], [UInt8](repeating: 7, count: 100_000)] {
            let sealed = seal(bytes, 5, last: true, with: try cipher())
            #expect(sealed.count == bytes.count + ChunkCipher.overhead)
            #expect(try open(sealed, 5, last: true, with: cipher()) == bytes)
        }
    }

    @Test func aChunkOpensInItsPlaceOnly() throws {
        let sealed = seal([1, 2, 3], 5, last: false, with: try cipher())
        let other = SecretBytes(count: 32) { $0.copyBytes(from: [UInt8](1..<33)) }
        let refused = CryptographyError.authenticationFailed
        #expect(throws: refused) { try open(sealed, 6, last: false, with: cipher()) }
        #expect(throws: refused) { try open(sealed, 5 + 1 << 32, last: false, with: cipher()) }
        #expect(throws: refused) { try open(sealed, 5, last: true, with: cipher()) }
        #expect(throws: refused) { try open(sealed, 5, last: false, with: cipher("policy.lua")) }
        #expect(throws: refused) { try open(sealed, 5, last: false, with: cipher(context: "tes")) }
        #expect(throws: refused) { try open(sealed, 5, last: false, with: cipher(key: other)) }
        #expect(throws: refused) { try open(Array(sealed.dropLast()), 5, last: false, with: cipher()) }
        for index in sealed.indices {
            var wrong = sealed
            wrong[index] ^= 1
            #expect(throws: refused) { try open(wrong, 5, last: false, with: cipher()) }
        }
        #expect(throws: refused) { try open([1, 2, 3], 0, last: true, with: cipher()) }
    }

    /// Where context ends and name begins is part of the key.
    @Test func contextAndNameDoNotRunTogether() throws {
        let sealed = seal([1, 2, 3], 0, last: true, with: try cipher("c", context: "ab"))
        #expect(throws: CryptographyError.self) { try open(sealed, 0, last: true, with: cipher("bc", context: "a")) }
    }

    @Test func aKeyOfAnotherLengthIsRefused() {
        let short = SecretBytes(count: 31) { _ in }
        #expect(throws: CryptographyError.wrongLength(expected: 32, actual: 31)) { try cipher(key: short) }
    }

    /// Keys for encryption follow from keys for signing; both sides find the same.
    @Test func aSigningKeysHolderOpensWhatIsSealedToIt() throws {
        let (key, other) = (Ed25519.SigningKey(), Ed25519.SigningKey())
        let recipient = X25519.PublicKey(key.publicKey)
        #expect(X25519.SecretKey(key).publicKey == recipient)
        let sealed = try X25519.seal(Self.key, to: recipient, context: "test", associated: [1])
        #expect(try X25519.open(sealed, with: X25519.SecretKey(key), context: "test", associated: [1]) == Self.key)
        #expect(throws: CryptographyError.authenticationFailed) {
            try X25519.open(sealed, with: X25519.SecretKey(other), context: "test", associated: [1])
        }
    }

    /// RFC 8032's first key, converted as libsodium's own tests and other implementations do it.
    @Test func convertsAKnownKey() throws {
        let seed = try #require(Hexadecimal.decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
        let key = try Ed25519.SigningKey(seed: SecretBytes(count: 32) { $0.copyBytes(from: seed) })
        #expect(
            Hexadecimal.encode(X25519.PublicKey(key.publicKey).bytes)
                == "d85e07ec22b0ad881537c2f44d662d1a143cf830c57aca4305d85c7a90f6b62e")
    }
}
