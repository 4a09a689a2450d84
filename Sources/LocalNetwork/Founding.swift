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
        /// How many nodes.
        public var nodes = 3
        /// How many operators share the nodes, in turn.
        public var operators = 3
        /// n.
        public var signers = 4
        /// t.
        public var threshold = 3
        /// Whether policies may be weaker than is safe.
        public var development = false

        /// Three nodes of three operators, four signers with threshold three.
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
            .administrator, path: folder.administratorKey(1), passphrase: passphrase)
        let genesis = Genesis(
            name: options.name, development: options.development, createdAt: createdAt,
            administrators: .init(keys: [administrator.publicKey], threshold: 1),
            signers: .init(
                threshold: options.threshold,
                members: try (1...max(options.signers, 1)).map { try makeSigner($0, passphrase) }),
            policyBounds: .init(maximumCommittee: 16, spareRanks: 2))
        try genesis.validate()
        var roster = Roster(
            network: try genesis.networkID(), epoch: 1, previous: nil,
            operators: (1...max(options.operators, 1)).map { .init(name: "operator-\($0)", weight: 1) }, nodes: [])
        try addNodes(1...max(options.nodes, 1), to: &roster, passphrase)
        try write(roster, genesis, signedBy: administrator)
        try JSONFile.write(genesis, path: folder.genesis)
        return genesis
    }

    /// Puts nodes up to `count` on the roster, in a new epoch if any are missing.
    public func ensureNodes(_ count: Int) throws -> SignedRoster {
        let current = try JSONFile.read(SignedRoster.self, path: folder.roster)
        let present = current.roster.nodes.count
        guard count > present else { return current }
        let passphrase = try self.passphrase()
        var next = Roster(
            network: current.roster.network, epoch: current.roster.epoch + 1, previous: try current.roster.rosterID(),
            operators: current.roster.operators, nodes: current.roster.nodes)
        try addNodes(present + 1...count, to: &next, passphrase)
        let genesis = try JSONFile.read(Genesis.self, path: folder.genesis)
        let administrator = try KeyFile.signingKey(
            .administrator, path: folder.administratorKey(1), passphrase: passphrase)
        return try write(next, genesis, signedBy: administrator)
    }

    /// The public keys of the first `count` nodes.
    func nodes(_ count: Int) throws -> [Ed25519.PublicKey] {
        let passphrase = try self.passphrase()
        return try (1...count).map {
            try KeyFile.signingKey(.node, path: folder.nodeKey($0), passphrase: passphrase).publicKey
        }
    }

    /// The passphrase of the folder's keys.
    public func passphrase() throws -> SecretBytes { try Passphrase.read(path: folder.passphrase) }

    private func makeSigner(_ number: Int, _ passphrase: SecretBytes) throws -> Genesis.Signer {
        let identity = try KeyFile.createSigningKey(
            .signerIdentity, path: folder.signerIdentityKey(number), passphrase: passphrase)
        let encryption = try KeyFile.createEncryptionKey(
            path: folder.signerEncryptionKey(number), passphrase: passphrase)
        return Genesis.Signer(identifier: number, identity: identity.publicKey, encryption: encryption.publicKey)
    }

    private func addNodes(_ numbers: ClosedRange<Int>, to roster: inout Roster, _ passphrase: SecretBytes) throws {
        for number in numbers {
            let key = try KeyFile.createSigningKey(.node, path: folder.nodeKey(number), passphrase: passphrase)
            let name = roster.operators[(number - 1) % roster.operators.count].name
            roster.nodes.append(.init(key: key.publicKey, operator: name))
        }
        roster.nodes.sort { $0.key < $1.key }
    }

    @discardableResult
    private func write(
        _ roster: Roster, _ genesis: Genesis, signedBy key: Ed25519.SigningKey
    ) throws -> SignedRoster {
        let signed = SignedRoster(
            roster: roster,
            signatures: [.init(administrator: key.publicKey, signature: try roster.signed(by: key))])
        try signed.validate(in: genesis)
        try JSONFile.write(signed, path: folder.roster)
        return signed
    }

    private func writePassphrase() throws {
        guard !FileManager.default.fileExists(atPath: folder.passphrase) else { return }
        try Passphrase.create(path: folder.passphrase)
    }
}
