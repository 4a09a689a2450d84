import Cryptography
import Testing

private func ascii(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

@Suite struct HashingTests {
    // FIPS 180-4 examples.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func sha256KnownAnswers(input: String, digest: String) {
        #expect(Hexadecimal.encode(SHA256.hash(ascii(input))) == digest)
    }

    @Test(arguments: [
        (
            "",
            "38b060a751ac96384cd9327eb1b1e36a21fdb71114be0743"
                + "4c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"
        ),
        (
            "abc",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
                + "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
        ),
    ])
    func sha384KnownAnswers(input: String, digest: String) {
        #expect(Hexadecimal.encode(SHA384.hash(ascii(input))) == digest)
        var hash = SHA384()
        hash.update(ascii(input).prefix(1))
        let copy = hash
        hash.update(ascii(input).dropFirst())
        #expect(Hexadecimal.encode(hash.finalize()) == digest)
        #expect(copy.finalize() == SHA384.hash(ascii(String(input.prefix(1)))))
    }

    @Test(arguments: [
        (
            "",
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
        ),
        (
            "abc",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ])
    func sha512KnownAnswers(input: String, digest: String) {
        #expect(Hexadecimal.encode(SHA512.hash(ascii(input))) == digest)
    }

    @Test func hashingInPartsIsHashingTheWhole() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        for cut in [0, 1, 63, 64, 65, 999, 1000] {
            var narrow = SHA256()
            narrow.update(bytes[..<cut])
            bytes[cut...].withUnsafeBytes { narrow.update($0) }
            #expect(narrow.finalize() == SHA256.hash(bytes))
            var wide = SHA512()
            wide.update(Array(bytes[..<cut]))
            wide.update(bytes[cut...].lazy.map { $0 })
            #expect(wide.finalize() == SHA512.hash(bytes))
        }
    }

    @Test func hashesInMemoryOfTheirOwnAreTheSameOneAfterTheOther() {
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 7) }
        var (hash, digests) = (InlineSHA256(), [UInt8]())
        for count in bytes.indices {
            hash.update(Array(bytes[..<(count / 2)]))
            var copy = hash
            copy.update([1])
            bytes[(count / 2)..<count].withUnsafeBytes { hash.update($0) }
            hash.finish(appendingTo: &digests)
            #expect(Array(digests.suffix(32)) == SHA256.hash(Array(bytes[..<count])))
        }
        #expect(digests.count == 32 * bytes.count)
    }

    @Test func copiesGoOnIndependently() {
        var first = SHA256()
        first.update(ascii("a"))
        var second = first
        second.update(ascii("x"))
        first.update(ascii("bc"))
        let third = first
        #expect(first.finalize() == SHA256.hash(ascii("abc")))
        #expect(second.finalize() == SHA256.hash(ascii("ax")))
        #expect(third.finalize() == SHA256.hash(ascii("abc")))
    }

    @Test func secretDigestsAreTheSameDigests() {
        var hash = SHA512()
        hash.update(ascii("abc"))
        let secret = hash.finalizeSecret()
        #expect(secret.withUnsafeBytes { [UInt8]($0) } == SHA512.hash(ascii("abc")))
    }

    // RFC 4231, test cases 1, 2 and 6.
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0B, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            ascii("Jefe"), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func hmacKnownAnswers(key: [UInt8], message: String, tag: String) {
        var key = key
        let secret = SecretBytes(taking: &key)
        #expect(Hexadecimal.encode(HMACSHA256.authenticate(ascii(message), key: secret)) == tag)
        #expect(HMACSHA256.derive(ascii(message), key: secret).withUnsafeBytes { Hexadecimal.encode($0) } == tag)
        #expect(key.allSatisfy { $0 == 0 })
    }
}
