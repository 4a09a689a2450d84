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

    /// Issues a service's certificate on loopback, unless it has one that is good for a while yet.
    public func ensure(
        _ service: String, role: PeerRole, name: String, now: Int64 = CertificateAuthority.now()
    ) throws {
        guard !isFresh(service, now: now) else { return }
        guard let identity = PeerIdentity(network: network.hex, role: role, name: name) else {
            throw LocalNetworkError("\(name) cannot be a certificate's name")
        }
        let issued = try authority.issue(
            identity: identity, dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"], now: now)
        try PEMFile.write(issued.privateKey, to: folder.privateKey(of: service), isPrivate: true)
        try PEMFile.write(issued.certificate, to: folder.certificate(of: service), isPrivate: false)
    }

    /// Whether certificate and key are there, belong together, and are good for a while yet.
    private func isFresh(_ service: String, now: Int64) -> Bool {
        guard let text = try? PEMFile.read(folder.certificate(of: service)),
            let certificate = try? Certificate(pem: text),
            let keyText = try? PEMFile.read(folder.privateKey(of: service)), let key = try? PrivateKey(pem: keyText),
            (try? key.publicKey) == certificate.publicKey,
            certificate.refusal(by: [authority.certificate], now: now) == nil
        else { return false }
        return 3 * (now - certificate.notBefore) < 2 * (certificate.notAfter - certificate.notBefore)
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
