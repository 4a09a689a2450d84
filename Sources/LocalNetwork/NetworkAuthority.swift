import Cryptography
import DNAProtocol
import Foundation
import TLS

/// A network's certificate authority, its key sealed with a passphrase, and the certificates it keeps good.
struct NetworkAuthority: Sendable {
    /// Where a certificate and its key are.
    struct Files: Sendable {
        var certificate: String
        var privateKey: String
    }

    /// Whom a certificate speaks for.
    struct Subject: Sendable {
        /// Nil for a certificate outside of the network's own protocol, as a database's is.
        var role: PeerRole?
        var name = ""
        /// The identity's by default.
        var commonName: String?
        /// Where it listens, beside loopback's addresses; none for one that only calls.
        var hosts: [String] = []
        var lifetime = CertificateRequest.defaultLifetime
    }

    private let network: NetworkID
    private let authority: CertificateAuthority

    /// The authority's certificate.
    var certificate: TLS.Certificate { authority.certificate }

    /// Opens the authority in `files`; makes it if it is not there.
    init(_ files: Files, network: NetworkID, passphrase: SecretBytes) throws {
        self.network = network
        // OpenSSL takes the passphrase from ordinary memory.
        let secret = passphrase.withUnsafeBytes { [UInt8]($0) }
        if FileManager.default.fileExists(atPath: files.privateKey) {
            authority = try CertificateAuthority.load(
                certificate: files.certificate, privateKey: files.privateKey, passphrase: secret)
        } else {
            authority = try CertificateAuthority.create(commonName: "DNA Layer \(network.hex.prefix(16))")
            try PEMFile.write(authority.certificate.pem, to: files.certificate, isPrivate: false)
            // The key last: without it the authority is made anew.
            try PEMFile.write(try authority.privateKey.pem(passphrase: secret), to: files.privateKey, isPrivate: true)
        }
    }

    /// Issues a certificate, unless there is one that is good for a while yet; over the key that is there, or else a new
    /// one. True when it was issued.
    @discardableResult
    func ensure(_ subject: Subject, in files: Files, now: Int64 = CertificateAuthority.now()) throws -> Bool {
        let known = (try? PEMFile.read(files.privateKey)).flatMap { try? PrivateKey(pem: $0) }
        if let known, isGood(files.certificate, try known.publicKey, now) { return false }
        let key = try known ?? PrivateKey.generate()
        if known == nil { try PEMFile.write(try key.pem(), to: files.privateKey, isPrivate: true) }
        let identity = try subject.role.map { role in
            guard let identity = PeerIdentity(network: network.hex, role: role, name: subject.name) else {
                throw LocalNetworkError("\(subject.name) cannot be a certificate's name")
            }
            return identity
        }
        let request = CertificateRequest(
            identity: identity, commonName: subject.commonName, dnsNames: subject.hosts,
            ipAddresses: subject.hosts.isEmpty ? [] : ["127.0.0.1", "::1"], publicKey: try key.publicKey,
            lifetime: subject.lifetime)
        try PEMFile.write(try authority.issue(request, now: now).pem, to: files.certificate, isPrivate: false)
        return true
    }

    /// Whether a certificate of this authority for this key is there, and good for a while yet.
    private func isGood(_ path: String, _ key: PublicKey, _ now: Int64) -> Bool {
        guard let text = try? PEMFile.read(path), let certificate = try? TLS.Certificate(pem: text),
            certificate.publicKey == key, certificate.refusal(by: [authority.certificate], now: now) == nil
        else { return false }
        return !certificate.isDue(now: now)
    }
}
