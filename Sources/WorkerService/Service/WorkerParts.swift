public import Cryptography
public import DNAProtocol
import Foundation
public import HTTPTransport
import Inference
public import Logging
import ModelPackages
public import ModelStorage
import NodeState

/// What a worker is made of, loaded and checked.
public struct WorkerParts: Sendable {
    /// The network.
    public var genesis: Genesis
    /// The roster committees are held against.
    public var roster: Roster?
    /// The node's key.
    public var key: Ed25519.SigningKey
    /// The model, loaded.
    public var computation: RequestComputation
    /// The aggregators.
    public var aggregators: [HTTPOrigin]
    /// The folder of what the node must remember; it exists.
    public var statePath: String
    /// The model's package in the cache, held as long as the worker runs; nil when it does not come from there.
    public var package: CachedPackage?
    /// How the node comes onto the roster; nil when others have put it there.
    public var admission: WorkerAdmission?

    /// Joins the parts.
    public init(
        genesis: Genesis, roster: Roster?, key: Ed25519.SigningKey, computation: RequestComputation,
        aggregators: [HTTPOrigin], statePath: String
    ) {
        self.genesis = genesis
        self.roster = roster
        self.key = key
        self.computation = computation
        self.aggregators = aggregators
        self.statePath = statePath
    }

    /// Reads everything that `options` names: small things first, then the model, which is fetched if it is not here. Its
    /// files are checked before they are used.
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
        let files = try await ModelFiles.have(options.model, options.storage, within: genesis, logger: logger)
        let computation = try loadModel(files, key, options, logger)
        var parts = WorkerParts(
            genesis: genesis, roster: roster, key: key, computation: computation, aggregators: options.aggregators,
            statePath: options.statePath)
        parts.package = files.held
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

    private static func loadModel(
        _ files: ModelFiles, _ key: Ed25519.SigningKey, _ options: WorkerOptions, _ logger: Logger
    ) throws -> RequestComputation {
        let (package, model) = (files.package, files.model)
        var engineOptions = options.engine
        // What the manifest promises is enough, whatever the weights allow.
        engineOptions.contextLength = min(engineOptions.contextLength ?? .max, package.manifest.contextLength)
        let decrypted = try PlainFiles(statePath: options.statePath)
            .weights(of: package, id: model.id, key: key, logger: logger)
        // What one node may read is not laid where others find it.
        if decrypted == nil, let folder = options.sharedWeightsPath, let weights = package.manifest.weights {
            engineOptions.sharedWeights = SharedWeights(folder: folder, digest: weights.sha256)
        }
        let engine = try Engine(modelPath: decrypted ?? package.weightsPath, options: engineOptions)
        let computation = try RequestComputation(model: model, engine: engine)
        logger.info(
            "the model is loaded",
            metadata: [
                "model": "\(model.id)", "context": "\(computation.contextLength)",
                "threads": "\(options.engine.threads)",
            ])
        return computation
    }
}
