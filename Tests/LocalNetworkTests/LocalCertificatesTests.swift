import Cryptography
import DNAProtocol
import Foundation
import LocalNetwork
import TLS
import Testing

@Suite struct LocalCertificatesTests {
    private let folder: NetworkFolder
    private let network: NetworkID
    private let passphrase: SecretBytes

    init() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "dna-\(UUID().uuidString)").path
        folder = NetworkFolder(path: path)
        let genesis = try Founding(folder: folder).found(.init(), createdAt: Timestamp(seconds: 1_700_000_000))
        network = try genesis.networkID()
        passphrase = try Founding(folder: folder).passphrase()
    }

    private func text(_ path: String) throws -> String { try PEMFile.read(path) }

    private func opened() throws -> LocalCertificates {
        try LocalCertificates(folder: folder, network: network, passphrase: passphrase)
    }

    private func removeFolder() { try? FileManager.default.removeItem(atPath: folder.path) }

    @Test func issuesWhatTheAuthorityVouchesFor() throws {
        defer { removeFolder() }
        try opened().ensure("signer-1", role: .signer, name: "1")
        let certificate = try Certificate(pem: text(folder.certificate(of: "signer-1")))
        let authority = try Certificate(pem: text(folder.authority))
        #expect(certificate.identity == PeerIdentity(network: network.hex, role: .signer, name: "1"))
        #expect(certificate.ipAddresses.contains("127.0.0.1"))
        #expect(certificate.refusal(by: [authority], now: CertificateAuthority.now()) == nil)
        #expect(try text(folder.authorityKey).contains("ENCRYPTED"))
    }

    @Test func keepsACertificateForTwoThirdsOfItsLife() throws {
        defer { removeFolder() }
        let now = CertificateAuthority.now()
        try opened().ensure("gateway", role: .gateway, name: "gateway", now: now)
        let first = try text(folder.certificate(of: "gateway"))
        let lifetime = CertificateRequest.defaultLifetime
        try opened().ensure("gateway", role: .gateway, name: "gateway", now: now + lifetime / 2)
        #expect(try text(folder.certificate(of: "gateway")) == first)
        try opened().ensure("gateway", role: .gateway, name: "gateway", now: now + lifetime * 3 / 4)
        #expect(try text(folder.certificate(of: "gateway")) != first)
    }

    @Test func replacesACertificateWhoseKeyIsAnother() throws {
        defer { removeFolder() }
        try opened().ensure("gateway", role: .gateway, name: "gateway")
        let first = try text(folder.certificate(of: "gateway"))
        let other = try PrivateKey.generate().pem()
        try PEMFile.write(other, to: folder.privateKey(of: "gateway"), isPrivate: true)
        try opened().ensure("gateway", role: .gateway, name: "gateway")
        #expect(try text(folder.certificate(of: "gateway")) != first)
    }
}
