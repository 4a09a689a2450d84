public import Cryptography
public import DNAProtocol
import Foundation
import NodeState

/// Founds a network on one machine: makes every key, the genesis and the first roster epoch.
///
/// The administrator is local, and so is every operator: the folder holds the keys of all of them, sealed with one
/// passphrase. That is for development and for trying things; parties who do not trust each other each make their own.
public struct Founding: Sendable {
    /// The folder the network lives in.
    public let folder: NetworkFolder

    /// What to found.
    public struct Options: Sendable {
        /// The network's name.
        public var name = "local"
        /// How many nodes are on the first roster; others come by invitation.
        public var nodes = 0
        /// How many operators; they share the nodes in turn.
        public var operators = 3
        /// n.
        public var signers = 4
        /// t.
        public var threshold = 3
        /// Whether policies may be weaker than is safe.
        public var development = false
        /// Which models may be served; nil for all.
        public var models: Genesis.ModelRules?

        /// No nodes, three operators, four signers with threshold three.
        public init() {}
    }

    /// Founds in `folder`.
    public init(folder: NetworkFolder) { self.folder = folder }

    /// Makes the keys, the genesis and roster epoch 1.
    ///
    /// The genesis is written last: a founding that was interrupted starts anew and replaces the keys.
    public func found(_ options: Options, createdAt: Timestamp) throws -> Genesis {
        try folder.create()
        try writePassphrase()
        let passphrase = try self.passphrase()
        let administrator = try KeyFile.createSigningKey(
            .administrator, path: folder.administratorKey(1), passphrase: passphrase, replacing: true)
        let genesis = Genesis(
            name: options.name, development: options.development, createdAt: createdAt,
            administrators: .init(keys: [administrator.publicKey], threshold: 1),
            signers: .init(
                threshold: options.threshold,
                members: try (1...max(options.signers, 1)).map { try makeSigner($0, passphrase) }),
            policyBounds: .init(maximumCommittee: 16, spareRanks: 2), models: options.models)
        try genesis.validate()
        var roster = Roster(
            network: try genesis.networkID(), epoch: 1, previous: nil,
            operators: (1...max(options.operators, 1)).map { .init(name: "operator-\($0)", weight: 1) }, nodes: [])
        try addNodes(options.nodes, to: &roster, passphrase)
        try write(roster, genesis, signedBy: administrator)
        try invite(roster, createdAt, signedBy: administrator)
        try JSONFile.write(genesis, path: folder.genesis)
        return genesis
    }

    /// Invites for a network that was founded when nodes needed no invitation.
    public func ensureInvitations(at now: Timestamp) throws {
        try folder.create()
        let roster = try JSONFile.read(SignedRoster.self, path: folder.roster).roster
        guard try invitations().isEmpty else { return }
        let administrator = try KeyFile.signingKey(
            .administrator, path: folder.administratorKey(1), passphrase: try passphrase())
        try invite(roster, now, signedBy: administrator)
    }

    /// The files of the operators' invitations.
    func invitations() throws -> [String] {
        try JSONFile.read(SignedRoster.self, path: folder.roster).roster.operators
            .map { folder.invitation($0.name) }.filter(FileManager.default.fileExists)
    }

    private func invite(_ roster: Roster, _ now: Timestamp, signedBy key: Ed25519.SigningKey) throws {
        for entry in roster.operators {
            try StandingInvitation(network: roster.network, operator: entry.name)
                .write(to: folder.invitation(entry.name), at: now, signedBy: key)
        }
    }

    /// The keys of the nodes that were made here, by their workers' numbers.
    func nodes() throws -> [Int: Ed25519.PublicKey] {
        let passphrase = try self.passphrase()
        var nodes: [Int: Ed25519.PublicKey] = [:]
        for number in 1...LocalNetwork.maximumWorkers {
            let path = folder.nodeKey(number)
            guard FileManager.default.fileExists(atPath: path) else { continue }
            nodes[number] = try KeyFile.signingKey(.node, path: path, passphrase: passphrase).publicKey
        }
        return nodes
    }

    /// Puts a node's key, certificate and promises aside: its worker begins as another node.
    func setAside(node number: Int, _ key: Ed25519.PublicKey) throws {
        let certificate = folder.certificate(of: "inference-worker-\(number)")
        for path in [certificate, folder.workerState(number), folder.nodeKey(number)]
        where FileManager.default.fileExists(atPath: path) {
            try FileManager.default.moveItem(atPath: path, toPath: "\(path).\(key.hex.prefix(16))")
        }
    }

    /// The passphrase of the folder's keys.
    public func passphrase() throws -> SecretBytes { try Passphrase.read(path: folder.passphrase) }

    private func makeSigner(_ number: Int, _ passphrase: SecretBytes) throws -> Genesis.Signer {
        let identity = try KeyFile.createSigningKey(
            .signerIdentity, path: folder.signerIdentityKey(number), passphrase: passphrase, replacing: true)
        let encryption = try KeyFile.createEncryptionKey(
            path: folder.signerEncryptionKey(number), passphrase: passphrase, replacing: true)
        return Genesis.Signer(identifier: number, identity: identity.publicKey, encryption: encryption.publicKey)
    }

    private func addNodes(_ count: Int, to roster: inout Roster, _ passphrase: SecretBytes) throws {
        for number in (0..<count).map({ $0 + 1 }) {
            let key = try KeyFile.createSigningKey(
                .node, path: folder.nodeKey(number), passphrase: passphrase, replacing: true)
            let name = roster.operators[(number - 1) % roster.operators.count].name
            roster.nodes.append(.init(key: key.publicKey, operator: name))
        }
        roster.nodes.sort { $0.key < $1.key }
    }

    private func write(_ roster: Roster, _ genesis: Genesis, signedBy key: Ed25519.SigningKey) throws {
        let signed = SignedRoster(
            roster: roster,
            signatures: [.init(administrator: key.publicKey, signature: try roster.signed(by: key))])
        try signed.validate(in: genesis)
        try JSONFile.write(signed, path: folder.roster)
    }

    private func writePassphrase() throws {
        guard !FileManager.default.fileExists(atPath: folder.passphrase) else { return }
        try Passphrase.create(path: folder.passphrase)
    }
}
