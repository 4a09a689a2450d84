import TLS
import Testing

let network = String(repeating: "ab", count: 32)
let now: Int64 = 1_800_000_000

@Suite struct CertificateTests {
    static let signer = PeerIdentity(network: network, role: .signer, name: "1")!

    @Test func aLeafSaysWhomItSpeaksForAndWhereItAnswers() throws {
        let authority = try CertificateAuthority.create(commonName: "test authority", now: now)
        let key = try PrivateKey.generate()
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
        #expect(leaf.refusal(by: [authority.certificate], now: now) == nil)
        #expect(leaf.refusal(by: [authority.certificate], now: now + 31 * 86_400) != nil)
        #expect(try Certificate(pem: leaf.pem).fingerprint == leaf.fingerprint)
    }
}
