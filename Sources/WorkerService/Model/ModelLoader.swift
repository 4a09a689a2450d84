package import Cryptography
package import DNAProtocol
import Foundation
import Inference
package import Logging
import ModelPackages
import ModelStorage

/// Makes a model that lies somewhere one that is served: its files are had and checked, decrypted if need be, and loaded.
package struct ModelLoader: Sendable {
    let options: WorkerOptions
    let genesis: Genesis
    private let key: Ed25519.SigningKey
    private let logger: Logger

    /// For the node with this key.
    package init(_ options: WorkerOptions, genesis: Genesis, key: Ed25519.SigningKey, logger: Logger) {
        self.options = options
        self.genesis = genesis
        self.key = key
        self.logger = logger
    }

    /// The models that the worker was told to serve.
    func loadGiven() async throws -> [ServedModel] {
        guard options.takesRegistered || !options.models.isEmpty else {
            throw InvalidField("model", "must name at least one, unless registered models are taken up")
        }
        var models: [ServedModel] = []
        for address in options.models {
            let files = try await ModelFiles.have(address, options.storage, within: genesis, logger: logger)
            let others = models.filter { $0.id != files.model.id }
            try room.check(files.model.manifest, besides: others.map(\.computation.model.manifest))
            if others.count == models.count { models.append(try await load(files)) }
        }
        if !options.takesRegistered { try plainFiles.keep(only: Set(models.map(\.id))) }
        return models
    }

    /// A model that administrators have registered, if it can be served here.
    ///
    /// What the manifest tells is looked at before anything is fetched. Then the sources are asked in their order.
    func load(_ registered: RegisteredModel, besides served: [PublishedModel]) async throws -> ServedModel {
        let model = registered.model
        try model.manifest.environment.check(.this())
        try room.check(model.manifest, besides: served.map(\.manifest))
        if let encryption = model.manifest.encryption, try encryption.contentKey(for: key) == nil {
            throw ModelPackageError.notARecipient(model: "\(model.id)", node: "\(key.publicKey)")
        }
        return try await load(try await fetch(registered))
    }

    /// What is decrypted.
    var plainFiles: PlainFiles { PlainFiles(statePath: options.statePath) }

    private var room: ModelRoom { ModelRoom(memory: options.modelMemory ?? .machineMemory) }

    /// From this machine's cache, or else from the first source that gives it.
    private func fetch(_ registered: RegisteredModel) async throws -> ModelFiles {
        let id = registered.model.id
        var nowhere = options.storage
        (nowhere.gateways, nowhere.arweaveNodes) = ([], [])
        if let files = try? await ModelFiles.have(.ipfs(id.cid), nowhere, within: genesis, logger: logger) {
            return files
        }
        try Task.checkCancellation()
        var failures: [any Error] = []
        for text in registered.registration.body.addresses {
            do {
                let address = try PackageAddress(text)
                let files = try await ModelFiles.have(address, options.storage, within: genesis, logger: logger)
                guard files.model.id == id else {
                    throw StorageError.otherPackage(wanted: id.cid, found: files.model.id.cid, server: text)
                }
                return files
            } catch {
                try Task.checkCancellation()
                failures.append(error)
            }
        }
        throw TakeUpError.noSource(failures.map { "\($0)" })
    }

    /// Decrypts and loads, which takes long, on a thread that nobody else waits for.
    private func load(_ files: ModelFiles) async throws -> ServedModel {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try loadNow(files) }) }
        }
    }

    private func loadNow(_ files: ModelFiles) throws -> ServedModel {
        let (package, model) = (files.package, files.model)
        var engineOptions = options.engine
        // What the manifest promises is enough, whatever the weights allow.
        engineOptions.contextLength = min(engineOptions.contextLength ?? .max, package.manifest.contextLength)
        let decrypted = try plainFiles.weights(of: package, id: model.id, key: key, logger: logger)
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
        return ServedModel(computation, package: files.held)
    }
}
