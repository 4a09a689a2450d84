public import Cryptography
public import DNAProtocol
import Foundation
public import TLS

/// The certificates of the services of a network on one machine. Workers are not among them: an administrator issues
/// theirs when they have joined.
///
/// The authority's key is sealed with the folder's passphrase. Certificates that are past two thirds of their life are
/// issued anew when the network starts, and while it runs.
public struct LocalCertificates: Sendable {
    private let folder: NetworkFolder
    private let authority: NetworkAuthority

    /// Opens the folder's authority; makes it if there is none.
    public init(folder: NetworkFolder, network: NetworkID, passphrase: SecretBytes) throws {
        self.folder = folder
        try FileManager.default.createDirectory(
            atPath: folder.certificates, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        authority = try NetworkAuthority(
            .init(certificate: folder.authority, privateKey: folder.authorityKey), network: network,
            passphrase: passphrase)
    }

    /// Issues the certificates of every service of the network that lacks one or has one that is due.
    func ensureAll(signers: Int, aggregators: Int) throws {
        for number in 1...signers { try ensure("signer-\(number)", role: .signer, name: String(number)) }
        for number in 1...aggregators {
            try ensure("consensus-aggregator-\(number)", role: .aggregator, name: "consensus-aggregator-\(number)")
        }
        try ensure("gateway", role: .gateway, name: "gateway")
        try ensure("administrator", role: .administrator, name: "administrator")
    }

    /// Issues a service's certificate on loopback, unless it has one that is good for a while yet; over the key it has, or
    /// else a new one.
    public func ensure(
        _ service: String, role: PeerRole, name: String, now: Int64 = CertificateAuthority.now()
    ) throws {
        try authority.ensure(
            .init(role: role, name: name, hosts: ["localhost"]),
            in: .init(certificate: folder.certificate(of: service), privateKey: folder.privateKey(of: service)),
            now: now)
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
