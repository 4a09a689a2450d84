import Cryptography
public import DNAProtocol
import Foundation
import NodeState

/// Founds a network of separate services: every party's keys and certificate in a folder of its own, its keys under a
/// passphrase of its own. No node is on the first roster: workers come by invitation.
///
/// One process makes all of it, so whoever runs it could keep copies: for one owner's machines and for trying things.
/// Parties who do not trust each other each make their own.
public struct Provisioning: Sendable {
    /// Where everything is written.
    public let folders: ServiceFolders

    /// Founds in `folders`.
    public init(folders: ServiceFolders) { self.folders = folders }

    /// Makes the keys, the genesis, roster epoch 1, certificates, and an invitation for each operator's nodes.
    ///
    /// The genesis is written last: a founding that was interrupted starts anew and replaces the keys.
    public func found(_ options: Founding.Options, createdAt: Timestamp) throws -> Genesis {
        try create(folders.network, mode: 0o755)
        try create(folders.invitations, mode: 0o700)
        let administrator = try signingKey(.administrator, of: .administrator, path: folders.administratorKey)
        let genesis = Genesis(
            name: options.name, development: options.development, createdAt: createdAt,
            administrators: .init(keys: [administrator.publicKey], threshold: 1),
            signers: .init(
                threshold: options.threshold, members: try (1...max(options.signers, 1)).map { try signer($0) }),
            policyBounds: .init(maximumCommittee: 16, spareRanks: 2))
        try genesis.validate()
        let operators = (1...max(options.operators, 1)).map { Roster.Operator(name: "operator-\($0)", weight: 1) }
        let roster = Roster(
            network: try genesis.networkID(), epoch: 1, previous: nil, operators: operators, nodes: [])
        let signed = SignedRoster(
            roster: roster,
            signatures: [.init(administrator: administrator.publicKey, signature: try roster.signed(by: administrator))]
        )
        try signed.validate(in: genesis)
        for entry in operators {
            try StandingInvitation(network: roster.network, operator: entry.name)
                .write(to: folders.invitation(entry.name), at: createdAt, signedBy: administrator)
        }
        let passphrase = try passphrase(of: .administrator)
        _ = try ServiceCertificates(folders: folders, network: roster.network, passphrase: passphrase)
            .ensureAll(signers: options.signers)
        try JSONFile.write(signed, path: folders.roster)
        try JSONFile.write(genesis, path: folders.genesis)
        return genesis
    }

    /// Issues again the certificates that are past two thirds of their life; gives the parties that got one.
    public func renewCertificates() throws -> [String] {
        let genesis = try JSONFile.read(Genesis.self, path: folders.genesis)
        let passphrase = try passphrase(of: .administrator)
        return try ServiceCertificates(folders: folders, network: try genesis.networkID(), passphrase: passphrase)
            .ensureAll(signers: genesis.signers.members.count)
    }

    private func signer(_ number: Int) throws -> Genesis.Signer {
        let identity = try signingKey(.signerIdentity, of: .signer(number), path: folders.identityKey(of: number))
        let encryption = try KeyFile.createEncryptionKey(
            path: folders.encryptionKey(of: number), passphrase: try passphrase(of: .signer(number)), replacing: true)
        return Genesis.Signer(identifier: number, identity: identity.publicKey, encryption: encryption.publicKey)
    }

    private func signingKey(
        _ kind: KeyFile.Kind, of party: ServiceFolders.Party, path: String
    ) throws -> Ed25519.SigningKey {
        try create(folders.folder(of: party), mode: 0o700)
        return try KeyFile.createSigningKey(kind, path: path, passphrase: try passphrase(of: party), replacing: true)
    }

    private func passphrase(of party: ServiceFolders.Party) throws -> SecretBytes {
        let path = folders.passphrase(of: party)
        if !FileManager.default.fileExists(atPath: path) { try Passphrase.create(path: path) }
        return try Passphrase.read(path: path)
    }

    private func create(_ folder: String, mode: Int) throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
    }
}
