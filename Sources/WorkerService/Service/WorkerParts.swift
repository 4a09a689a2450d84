public import Cryptography
public import DNAProtocol
import Foundation
public import HTTPTransport
public import Logging
import NodeState

/// What a worker is made of, loaded and checked.
public struct WorkerParts: Sendable {
    /// The network.
    public var genesis: Genesis
    /// The roster committees are held against.
    public var roster: Roster?
    /// The node's key.
    public var key: Ed25519.SigningKey
    /// The models that are served from the start, loaded.
    public var models: [ServedModel]
    /// The aggregators.
    public var aggregators: [HTTPOrigin]
    /// The folder of what the node must remember; it exists.
    public var statePath: String
    /// What takes up registered models; nil when they are ignored.
    package var loader: ModelLoader?
    /// How the node comes onto the roster; nil when others have put it there.
    public var admission: WorkerAdmission?

    /// Joins the parts.
    public init(
        genesis: Genesis, roster: Roster?, key: Ed25519.SigningKey, models: [ServedModel],
        aggregators: [HTTPOrigin], statePath: String
    ) {
        self.genesis = genesis
        self.roster = roster
        self.key = key
        self.models = models
        self.aggregators = aggregators
        self.statePath = statePath
    }

    /// Reads everything that `options` names: small things first, then the models, which are fetched if they are not
    /// here. Their files are checked before they are used.
    public static func load(_ options: WorkerOptions, logger: Logger) async throws -> WorkerParts {
        guard !options.aggregators.isEmpty else { throw InvalidField("aggregator", "must name at least one") }
        let genesis = try JSONFile.read(Genesis.self, path: options.genesisPath)
        try genesis.validate()
        let passphrase = try Passphrase.read(path: options.passphrasePath)
        try FileManager.default.createDirectory(
            atPath: options.statePath, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let key = try nodeKey(options, passphrase)
        let roster = try options.rosterPath.map { try readRoster($0, genesis) }
        if let roster, options.invitations.isEmpty,
            !roster.nodes.contains(where: { $0.key == key.publicKey && $0.status == .active })
        {
            logger.warning("this node is not active on the roster", metadata: ["node": "\(key.publicKey)"])
        }
        let loader = ModelLoader(options, genesis: genesis, key: key, logger: logger)
        var parts = WorkerParts(
            genesis: genesis, roster: roster, key: key, models: try await loader.loadGiven(),
            aggregators: options.aggregators, statePath: options.statePath)
        if options.takesRegistered { parts.loader = loader }
        if !options.invitations.isEmpty {
            parts.admission = WorkerAdmission(invitations: options.invitations, leavesOnStop: options.leavesOnStop)
        }
        return parts
    }

    /// The node's key, made at the first start of a node that is invited.
    private static func nodeKey(_ options: WorkerOptions, _ passphrase: SecretBytes) throws -> Ed25519.SigningKey {
        let isThere = FileManager.default.fileExists(atPath: options.nodeKeyPath)
        if !isThere, !options.invitations.isEmpty {
            return try KeyFile.createSigningKey(.node, path: options.nodeKeyPath, passphrase: passphrase)
        }
        return try KeyFile.signingKey(.node, path: options.nodeKeyPath, passphrase: passphrase)
    }

    private static func readRoster(_ path: String, _ genesis: Genesis) throws -> Roster {
        let signed = try JSONFile.read(SignedRoster.self, path: path)
        try signed.validate(in: genesis)
        return signed.roster
    }
}
