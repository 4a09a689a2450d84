import DNAProtocol
import HTTPTransport
import Logging
import ModelPackages
import ModelStorage

/// A model's files on this machine, checked: in this process, or earlier, as the cache has recorded.
struct ModelFiles: Sendable {
    let package: ModelPackage
    let model: PublishedModel
    /// Keeps the package in the cache; nil for one that lies elsewhere.
    let held: CachedPackage?

    /// Has the files at an address, fetched if they are not here, and a manifest that the network allows.
    static func have(
        _ address: PackageAddress, _ storage: StorageOptions, within genesis: Genesis, logger: Logger
    ) async throws -> ModelFiles {
        if case .folder(let path) = address { return try await folder(path, genesis, logger) }
        let cache = try storage.cache(read: ModelReading.reader)
        let client = HTTP1Client()
        let log = FetchLog(logger, of: address)
        let opened: Result<CachedPackage, any Error>
        do {
            opened = .success(
                try await cache.open(address, from: storage.sources(client)) { log.note($0) })
        } catch {
            opened = .failure(error)
        }
        await client.shutdown()
        let held = try opened.get()
        logger.info(
            held.wasRead
                ? "the package is fetched and checked" : "the package is in the cache, unchanged since its check",
            metadata: ["package": "\(held.id)", "folder": "\(held.folder)"])
        let package = try ModelPackage(folder: held.folder)
        try check(package.manifest, genesis)
        let model = try PublishedModel(root: PackageRoot(bytes: held.root.bytes), manifest: package.manifest)
        return ModelFiles(package: package, model: model, held: held)
    }

    private static func folder(_ path: String, _ genesis: Genesis, _ logger: Logger) async throws -> ModelFiles {
        let package = try ModelPackage(folder: path)
        try check(package.manifest, genesis)
        logger.info("verifying the model", metadata: ["name": "\(package.manifest.name)"])
        return ModelFiles(package: package, model: try await package.verify(), held: nil)
    }

    /// The network's rules, and what the model asks of a machine.
    private static func check(_ manifest: Manifest, _ genesis: Genesis) throws {
        try manifest.validate(within: genesis)
        try manifest.environment.check(.this())
    }
}
