import Foundation
import TLS
import Testing

private let now: Int64 = 1_800_000_000

@Suite struct CertificateTests {
    static let signer = PeerIdentity(network: network, role: .signer, name: "1")
    let authority: CertificateAuthority
    let key: PrivateKey

    init() throws {
        authority = try CertificateAuthority.create(commonName: "an authority", now: now)
        key = try PrivateKey.generate()
    }

    @Test func aLeafSaysWhomItSpeaksForAndWhereItAnswers() throws {
        let leaf = try authority.issue(
            CertificateRequest(
                identity: Self.signer, dnsNames: ["signer-1", "*.example"], ipAddresses: ["127.0.0.1", "::1"],
                publicKey: key.publicKey), now: now)
        #expect(leaf.identity == Self.signer)
        #expect(leaf.commonName == "signer 1")
        #expect(leaf.dnsNames == ["signer-1", "*.example"])
        #expect(leaf.ipAddresses == ["127.0.0.1", "::1"])
        #expect(leaf.notBefore == now - 300)
        #expect(leaf.notAfter == now + 30 * 86_400)
        #expect(try leaf.publicKey == key.publicKey)
        #expect(!leaf.isAuthority && authority.certificate.isAuthority)
        #expect(try Certificate(pem: leaf.pem).fingerprint == leaf.fingerprint)
    }

    @Test func anAuthorityVouchesForItsOwnWithinTheirTime() throws {
        let leaf = try authority.issue(CertificateRequest(identity: Self.signer, publicKey: key.publicKey), now: now)
        #expect(leaf.refusal(by: [authority.certificate], now: now) == nil)
        #expect(leaf.refusal(by: [authority.certificate], now: now + 31 * 86_400) == "certificate has expired")
        let other = try CertificateAuthority.create(commonName: "another", now: now)
        #expect(leaf.refusal(by: [other.certificate], now: now) != nil)
    }

    @Test func aRenewalSaysTheSameForAnotherTime() throws {
        let request = CertificateRequest(
            identity: Self.signer, dnsNames: ["signer-1"], ipAddresses: ["::1"], publicKey: try key.publicKey,
            lifetime: 30 * 86_400)
        let old = try authority.issue(request, now: now)
        #expect(!old.isDue(now: now + 19 * 86_400) && old.isDue(now: now + 21 * 86_400))
        let later = now + 40 * 86_400
        let new = try authority.renew(old, now: later)
        #expect(new.identity == old.identity && new.dnsNames == old.dnsNames && new.ipAddresses == old.ipAddresses)
        #expect(new.publicKey == old.publicKey && new.notAfter == later + 30 * 86_400)
        #expect(new.refusal(by: [authority.certificate], now: later) == nil)
        let other = try CertificateAuthority.create(commonName: "another", now: now)
        #expect(throws: CertificateError.notAnAuthority) { try other.renew(old, now: later) }
    }

    @Test func aLeafSignsNothing() throws {
        let leaf = try authority.issue(CertificateRequest(identity: Self.signer, publicKey: key.publicKey), now: now)
        #expect(throws: CertificateError.notAnAuthority) {
            try CertificateAuthority(certificate: leaf, privateKey: key)
        }
        #expect(throws: CertificateError.notAnAuthority) {
            try CertificateAuthority(certificate: authority.certificate, privateKey: key)
        }
    }

    @Test func aKeyMadeElsewhereGetsACertificate() throws {
        let seed = [UInt8](repeating: 7, count: 32)
        let node = try seed.withUnsafeBytes { try PrivateKey(ed25519Seed: $0) }
        let bytes = try #require(try node.publicKey.ed25519)
        let leaf = try authority.issue(
            CertificateRequest(identity: Self.signer, publicKey: PublicKey(ed25519: bytes)), now: now)
        #expect(try TLSCredentials(chain: [leaf], privateKey: node).certificate.publicKey.ed25519 == bytes)
        #expect(throws: CertificateError.keyMismatch) { try TLSCredentials(chain: [leaf], privateKey: key) }
    }

    @Test(arguments: ["a,DNS:evil.example", "a b", "", "signer\u{0}1", "ä"])
    func noNameSmugglesInAnother(name: String) throws {
        let request = CertificateRequest(identity: Self.signer, dnsNames: [name], publicKey: try key.publicKey)
        #expect(throws: CertificateError.invalidName(name)) { try authority.issue(request, now: now) }
        #expect(PeerIdentity(network: network, role: .signer, name: name) == nil)
    }

    @Test func readsIdentitiesStrictly() {
        #expect(PeerIdentity(uri: "dna://\(network)/signer/1") == Self.signer)
        for uri in [
            "dna://\(network)/signer", "dna://\(network)/boss/1", "dna://ab/signer/1", "http://x",
            "dna://\(network)/signer/1/2",
        ] {
            #expect(PeerIdentity(uri: uri) == nil, "\(uri)")
        }
    }

    @Test func noLeafOutlivesItsAuthority() throws {
        let request = CertificateRequest(
            identity: Self.signer, publicKey: try key.publicKey, lifetime: CertificateAuthority.defaultLifetime + 1)
        #expect(throws: CertificateError.invalidLifetime) { try authority.issue(request, now: now) }
    }

    @Test(arguments: PrivateKey.Algorithm.allCases) func aSealedKeyOpensWithItsPassphraseOnly(
        algorithm: PrivateKey.Algorithm
    ) throws {
        let key = try PrivateKey.generate(algorithm)
        let sealed = try key.pem(passphrase: Array("open sesame".utf8))
        #expect(sealed.hasPrefix("-----BEGIN ENCRYPTED PRIVATE KEY-----"))
        #expect(try PrivateKey(pem: sealed, passphrase: Array("open sesame".utf8)).publicKey == key.publicKey)
        #expect(throws: CertificateError.self) { try PrivateKey(pem: sealed, passphrase: Array("wrong".utf8)) }
        #expect(throws: CertificateError.self) { try PrivateKey(pem: sealed) }
        #expect(try PrivateKey(pem: key.pem()).publicKey == key.publicKey)
    }

    @Test func aPrivateFileIsClosedToOthersAndReplacedWhole() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "private-key.pem").path
        try PEMFile.write("one", to: path, isPrivate: true)
        try PEMFile.write("two", to: path, isPrivate: true)
        #expect(try PEMFile.read(path) == "two")
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["private-key.pem"])
    }
}
