import CoordinatorStore
import Cryptography
public import DNAProtocol
import Foundation
import NodeState
import TLS

/// Founds a network of separate services: every party's keys in a folder of its own, each under a passphrase of its own.
///
/// One process makes all of them, so whoever runs it could keep copies: for one owner's machines and for trying things.
/// Parties who do not trust each other each make their own.
public struct Provisioning: Sendable {
    /// Where everything is written.
    public let folders: ServiceFolders

    /// How long the first certificates are good for, in seconds: a year.
    public static let certificateLifetime: Int64 = 365 * 86_400

    /// Founds in `folders`.
    public init(folders: ServiceFolders) { self.folders = folders }

    /// Makes the keys, the genesis, roster epoch 1, and the certificates of everybody who has a name now.
    ///
    /// The genesis is written last: a founding that was interrupted starts anew and replaces the keys.
    public func found(_ options: Founding.Options, createdAt: Timestamp) throws -> Genesis {
        try create(folders.network, mode: 0o755)
        let administrator = try signingKey(
            .administrator, folder: folders.administrator, path: folders.administratorKey)
        let genesis = Genesis(
            name: options.name, development: options.development, createdAt: createdAt,
            administrators: .init(keys: [administrator.publicKey], threshold: 1),
            signers: .init(
                threshold: options.threshold, members: try (1...max(options.signers, 1)).map { try signer($0) }),
            policyBounds: .init(maximumCommittee: 16, spareRanks: 2))
        try genesis.validate()
        let roster = try firstRoster(options, network: try genesis.networkID())
        let signed = SignedRoster(
            roster: roster,
            signatures: [.init(administrator: administrator.publicKey, signature: try roster.signed(by: administrator))]
        )
        try signed.validate(in: genesis)
        try JSONFile.write(signed, path: folders.roster)
        try issueCertificates(network: try genesis.networkID(), signers: genesis.signers.members.count)
        try JSONFile.write(genesis, path: folders.genesis)
        return genesis
    }

    // The host names are the services' in deploy/compose.yaml. An aggregator's and a gateway's common name is the role in
    // which it enters the database.
    private func issueCertificates(network: NetworkID, signers: Int) throws {
        let authority = try CertificateAuthority.create(commonName: "DNA Layer \(network.hex.prefix(16))")
        try PEMFile.write(authority.certificate.pem, to: folders.authority, isPrivate: false)
        try PEMFile.write(try authority.privateKey.pem(), to: folders.authorityKey, isPrivate: true)
        func issue(_ folder: String, role: PeerRole?, name: String, commonName: String? = nil, host: String?) throws {
            try create(folder, mode: 0o700)
            let identity = role.flatMap { PeerIdentity(network: network.hex, role: $0, name: name) }
            let issued = try authority.issue(
                identity: identity, commonName: commonName, dnsNames: host.map { [$0, "localhost"] } ?? [],
                ipAddresses: host == nil ? [] : ["127.0.0.1", "::1"], lifetime: Self.certificateLifetime)
            try PEMFile.write(issued.certificate, to: ServiceFolders.certificate(in: folder), isPrivate: false)
            try PEMFile.write(issued.privateKey, to: ServiceFolders.privateKey(in: folder), isPrivate: true)
        }
        try issue(folders.administrator, role: .administrator, name: "administrator", host: nil)
        for number in 1...signers {
            try issue(folders.signer(number), role: .signer, name: String(number), host: "signer-\(number)")
        }
        for part in ServiceFolders.CoordinatorPart.allCases {
            let folder = folders.coordinator(part)
            switch part {
            case .gateway:
                try issue(
                    folder, role: .gateway, name: "gateway", commonName: CoordinatorSchema.gatewayRole, host: "gateway")
            case .aggregator:
                try issue(
                    folder, role: .aggregator, name: "consensus-aggregator",
                    commonName: CoordinatorSchema.aggregatorRole, host: "consensus-aggregator")
            case .database:
                try issue(folder, role: nil, name: "", commonName: "postgres", host: "postgres")
                // The server runs as a user of its own, in the group of this one.
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o640], ofItemAtPath: ServiceFolders.privateKey(in: folder))
            case .owner:
                try issue(folder, role: nil, name: "", commonName: "dna_owner", host: nil)
            }
        }
    }

    private func firstRoster(_ options: Founding.Options, network: NetworkID) throws -> Roster {
        var roster = Roster(
            network: network, epoch: 1, previous: nil,
            operators: (1...max(options.operators, 1)).map { .init(name: "operator-\($0)", weight: 1) }, nodes: [])
        for number in 1..<options.nodes + 1 {
            let key = try signingKey(.node, folder: folders.worker(number), path: folders.nodeKey(number))
            let name = roster.operators[(number - 1) % roster.operators.count].name
            roster.nodes.append(.init(key: key.publicKey, operator: name))
        }
        roster.nodes.sort { $0.key < $1.key }
        return roster
    }

    private func signer(_ number: Int) throws -> Genesis.Signer {
        let identity = try signingKey(
            .signerIdentity, folder: folders.signer(number), path: folders.signerIdentityKey(number))
        let encryption = try KeyFile.createEncryptionKey(
            path: folders.signerEncryptionKey(number), passphrase: try passphrase(folders.signer(number)))
        return Genesis.Signer(identifier: number, identity: identity.publicKey, encryption: encryption.publicKey)
    }

    private func signingKey(_ kind: KeyFile.Kind, folder: String, path: String) throws -> Ed25519.SigningKey {
        try create(folder, mode: 0o700)
        return try KeyFile.createSigningKey(kind, path: path, passphrase: try passphrase(folder))
    }

    private func passphrase(_ folder: String) throws -> SecretBytes {
        let path = ServiceFolders.passphrase(in: folder)
        if !FileManager.default.fileExists(atPath: path) { try Passphrase.create(path: path) }
        return try Passphrase.read(path: path)
    }

    private func create(_ folder: String, mode: Int) throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
    }
}
