import CoordinatorStore
import Cryptography
import DNAProtocol
import Foundation
import TLS

/// The certificates of a network of separate services: one for every party that has a name from the start.
struct ServiceCertificates {
    /// How long a certificate is good for, in seconds: a year.
    static let lifetime: Int64 = 365 * 86_400

    private let folders: ServiceFolders
    private let authority: NetworkAuthority

    /// Opens the authority, whose key is sealed in the administrator's folder; makes it if there is none.
    init(folders: ServiceFolders, network: NetworkID, passphrase: SecretBytes) throws {
        self.folders = folders
        authority = try NetworkAuthority(
            .init(certificate: folders.authority(of: .administrator), privateKey: folders.authorityKey),
            network: network, passphrase: passphrase)
        try PEMFile.write(authority.certificate.pem, to: folders.authority, isPrivate: false)
    }

    /// Issues what is missing or due, over the keys that are there; gives the parties that got a certificate.
    func ensureAll(signers: Int) throws -> [String] {
        try parties(signers).filter(ensure).map(\.name)
    }

    private func ensure(_ party: ServiceFolders.Party) throws -> Bool {
        try FileManager.default.createDirectory(
            atPath: folders.folder(of: party), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let files = NetworkAuthority.Files(
            certificate: folders.certificate(of: party), privateKey: folders.privateKey(of: party))
        guard try authority.ensure(subject(of: party), in: files) else { return false }
        try PEMFile.write(authority.certificate.pem, to: folders.authority(of: party), isPrivate: false)
        if party == .database || party == .monitor {
            // These are other programs, under accounts of their own that are in the group of this one.
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: files.privateKey)
        }
        return true
    }

    private func parties(_ signers: Int) -> [ServiceFolders.Party] {
        [.administrator, .gateway, .aggregator, .database, .owner, .monitor] + (1...max(signers, 1)).map { .signer($0) }
    }

    /// The hosts are the services of deploy/compose.yaml. A gateway's and an aggregator's common name is the role in
    /// which the database lets them in.
    private func subject(of party: ServiceFolders.Party) -> NetworkAuthority.Subject {
        func subject(
            _ role: PeerRole?, _ name: String = "", commonName: String? = nil, host: String? = nil
        ) -> NetworkAuthority.Subject {
            NetworkAuthority.Subject(
                role: role, name: name, commonName: commonName, hosts: host.map { [$0, "localhost"] } ?? [],
                lifetime: Self.lifetime)
        }
        return switch party {
        case .administrator: subject(.administrator, "administrator")
        case .signer(let number): subject(.signer, String(number), host: party.name)
        case .gateway: subject(.gateway, "gateway", commonName: CoordinatorSchema.gatewayRole, host: "gateway")
        case .aggregator:
            subject(
                .aggregator, "consensus-aggregator", commonName: CoordinatorSchema.aggregatorRole,
                host: "consensus-aggregator")
        case .database: subject(nil, commonName: "postgres", host: "postgres")
        case .owner: subject(nil, commonName: "dna_owner")
        case .monitor: subject(.monitor, "monitor")
        }
    }
}
