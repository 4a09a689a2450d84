import CoordinatorStore
import Cryptography
import DNAProtocol
import Foundation
import TLS

/// The authority of a network of separate services, and a certificate for every party that has a name from the start.
struct ServiceCertificates {
    /// How long a certificate is good for, in seconds: a year.
    static let lifetime: Int64 = 365 * 86_400

    private let folders: ServiceFolders
    private let network: NetworkID
    private let authority: CertificateAuthority

    /// Makes an authority; its key is sealed and written to the administrator's folder.
    static func create(
        folders: ServiceFolders, network: NetworkID, passphrase: SecretBytes
    ) throws -> ServiceCertificates {
        let authority = try CertificateAuthority.create(commonName: "DNA Layer \(network.hex.prefix(16))")
        // OpenSSL takes the passphrase from ordinary memory.
        let secret = passphrase.withUnsafeBytes { [UInt8]($0) }
        try PEMFile.write(try authority.privateKey.pem(passphrase: secret), to: folders.authorityKey, isPrivate: true)
        try PEMFile.write(authority.certificate.pem, to: folders.authority, isPrivate: false)
        return ServiceCertificates(folders: folders, network: network, authority: authority)
    }

    /// Opens the authority.
    static func open(
        folders: ServiceFolders, network: NetworkID, passphrase: SecretBytes
    ) throws -> ServiceCertificates {
        let authority = try CertificateAuthority.load(
            certificate: folders.authority(of: .administrator), privateKey: folders.authorityKey,
            passphrase: passphrase.withUnsafeBytes { [UInt8]($0) })
        return ServiceCertificates(folders: folders, network: network, authority: authority)
    }

    /// Makes everybody's key and certificate.
    func issueAll(signers: Int) throws {
        for party in parties(signers) {
            let folder = folders.folder(of: party)
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let subject = subject(of: party)
            let hosts = subject.host.map { [$0, "localhost"] } ?? []
            let issued = try authority.issue(
                identity: subject.role.flatMap { .init(network: network.hex, role: $0, name: subject.name) },
                commonName: subject.commonName, dnsNames: hosts,
                ipAddresses: hosts.isEmpty ? [] : ["127.0.0.1", "::1"],
                lifetime: Self.lifetime)
            try PEMFile.write(authority.certificate.pem, to: folders.authority(of: party), isPrivate: false)
            try PEMFile.write(issued.certificate, to: folders.certificate(of: party), isPrivate: false)
            try PEMFile.write(issued.privateKey, to: folders.privateKey(of: party), isPrivate: true)
            // These are other programs, under accounts of their own that are in the group of this one.
            guard party == .database || party == .monitor else { continue }
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o640], ofItemAtPath: folders.privateKey(of: party))
        }
    }

    /// Issues again what is due, with the same keys.
    func renewDue(signers: Int) throws -> [String] {
        var renewed: [String] = []
        for party in parties(signers) {
            let path = folders.certificate(of: party)
            let old = try Certificate(pem: PEMFile.read(path))
            guard old.isDue(now: CertificateAuthority.now()) else { continue }
            try PEMFile.write(try authority.renew(old).pem, to: path, isPrivate: false)
            renewed.append(party.name)
        }
        return renewed
    }

    private func parties(_ signers: Int) -> [ServiceFolders.Party] {
        [.administrator, .gateway, .aggregator, .database, .owner, .monitor] + (1...max(signers, 1)).map { .signer($0) }
    }

    private struct Subject {
        var role: PeerRole?
        var name = ""
        var commonName: String?
        var host: String?
    }

    /// The hosts are the services of deploy/compose.yaml. A gateway's and an aggregator's common name is the role in
    /// which the database lets them in.
    private func subject(of party: ServiceFolders.Party) -> Subject {
        switch party {
        case .administrator: Subject(role: .administrator, name: "administrator")
        case .signer(let number): Subject(role: .signer, name: String(number), host: party.name)
        case .gateway:
            Subject(role: .gateway, name: "gateway", commonName: CoordinatorSchema.gatewayRole, host: "gateway")
        case .aggregator:
            Subject(
                role: .aggregator, name: "consensus-aggregator", commonName: CoordinatorSchema.aggregatorRole,
                host: "consensus-aggregator")
        case .database: Subject(commonName: "postgres", host: "postgres")
        case .owner: Subject(commonName: "dna_owner")
        case .monitor: Subject(role: .monitor, name: "monitor")
        }
    }
}
