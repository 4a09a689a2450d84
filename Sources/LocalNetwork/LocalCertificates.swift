public import Cryptography
public import DNAProtocol
import Foundation
public import TLS

/// The authority of a network on one machine, and the certificates of its services.
///
/// The authority's key is sealed with the folder's passphrase. Certificates that are past two thirds of their life are
/// issued anew when the network starts, and while it runs.
public struct LocalCertificates: Sendable {
    private let folder: NetworkFolder
    private let network: NetworkID
    private let authority: CertificateAuthority

    /// Opens the folder's authority; makes it if there is none.
    public init(folder: NetworkFolder, network: NetworkID, passphrase: SecretBytes) throws {
        self.folder = folder
        self.network = network
        try FileManager.default.createDirectory(
            atPath: folder.certificates, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        // OpenSSL takes the passphrase from ordinary memory.
        let secret = passphrase.withUnsafeBytes { [UInt8]($0) }
        if FileManager.default.fileExists(atPath: folder.authorityKey) {
            authority = try CertificateAuthority.load(
                certificate: folder.authority, privateKey: folder.authorityKey, passphrase: secret)
        } else {
            authority = try CertificateAuthority.create(commonName: "DNA Layer \(network.hex.prefix(16))")
            try PEMFile.write(authority.certificate.pem, to: folder.authority, isPrivate: false)
            // The key last: without it the authority is made anew.
            try PEMFile.write(
                try authority.privateKey.pem(passphrase: secret), to: folder.authorityKey, isPrivate: true)
        }
    }

    /// Issues the certificates of every service of the network that lacks one or has one that is due.
    func ensureAll(signers: Int, aggregators: Int, nodes: [Ed25519.PublicKey]) throws {
        for number in 1...signers { try ensure("signer-\(number)", role: .signer, name: String(number)) }
        for number in 1...aggregators {
            try ensure("consensus-aggregator-\(number)", role: .aggregator, name: "consensus-aggregator-\(number)")
        }
        for (index, node) in nodes.enumerated() { try ensure("inference-worker-\(index + 1)", node: node) }
        try ensure("gateway", role: .gateway, name: "gateway")
        try ensure("administrator", role: .administrator, name: "administrator")
    }

    /// Issues a service's key and certificate on loopback, unless it has one that is good for a while yet.
    public func ensure(
        _ service: String, role: PeerRole, name: String, now: Int64 = CertificateAuthority.now()
    ) throws {
        let key = (try? PEMFile.read(folder.privateKey(of: service))).flatMap { try? PrivateKey(pem: $0) }
        if let key, isFresh(service, try key.publicKey, now) { return }
        let issued = try PrivateKey.generate()
        try PEMFile.write(try issued.pem(), to: folder.privateKey(of: service), isPrivate: true)
        try issue(service, role, name, try issued.publicKey, now)
    }

    /// Issues a node's certificate over its own key, unless it has one that is good for a while yet.
    public func ensure(
        _ service: String, node: Ed25519.PublicKey, now: Int64 = CertificateAuthority.now()
    ) throws {
        let key = try PublicKey(ed25519: node.bytes)
        if isFresh(service, key, now) { return }
        try issue(service, .worker, node.hex, key, now)
    }

    private func issue(
        _ service: String, _ role: PeerRole, _ name: String, _ key: PublicKey, _ now: Int64
    ) throws {
        guard let identity = PeerIdentity(network: network.hex, role: role, name: name) else {
            throw LocalNetworkError("\(name) cannot be a certificate's name")
        }
        let certificate = try authority.issue(
            CertificateRequest(
                identity: identity, dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"], publicKey: key), now: now)
        try PEMFile.write(certificate.pem, to: folder.certificate(of: service), isPrivate: false)
    }

    /// Whether a certificate for this key is there and good for a while yet.
    private func isFresh(_ service: String, _ key: PublicKey, _ now: Int64) -> Bool {
        guard let text = try? PEMFile.read(folder.certificate(of: service)),
            let certificate = try? Certificate(pem: text), certificate.publicKey == key,
            certificate.refusal(by: [authority.certificate], now: now) == nil
        else { return false }
        return !certificate.isDue(now: now)
    }
}

extension NetworkFolder {
    /// The certificate of the network's authority.
    public var authority: String { path + "/authority.pem" }
    /// The authority's sealed key.
    public var authorityKey: String { path + "/keys/authority.key" }
    var certificates: String { path + "/certificates" }
    /// A service's certificate.
    public func certificate(of service: String) -> String { "\(certificates)/\(service).pem" }
    /// The key of a service's certificate.
    public func privateKey(of service: String) -> String { "\(certificates)/\(service)-key.pem" }
}
