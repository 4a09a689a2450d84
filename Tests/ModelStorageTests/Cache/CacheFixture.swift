import Canonical
import ContentAddressing
import Cryptography
import DNAProtocol
import Foundation
import ModelStorage
import Synchronization
import Testing

/// A small model package, a gateway that has it, and a cache.
final class CacheFixture: Sendable {
    let package: TestPackage
    let gateway: TestGateway
    let folder: TemporaryFolder
    private let reads = Mutex(0)

    init(seed: Int = 1, in folder: TemporaryFolder? = nil, disk: Int = 0) async throws {
        self.folder = try folder ?? TemporaryFolder()
        package = try await TestPackage(try Self.content(seed, disk: disk))
        gateway = TestGateway(package.blocks)
    }

    /// A manifest that asks for so many bytes of disk, and weights.
    private static func content(_ seed: Int, disk: Int) throws -> [String: [UInt8]] {
        let weights = TestPackage.bytes(60_500, seed)
        let digest = try #require(Digest(bytes: SHA256.hash(weights)))
        let manifest = Manifest(
            name: "tiny-\(seed)", licence: "Apache-2.0", contextLength: 128,
            environment: Manifest.Environment(disk: disk), chatTemplate: Manifest.noTemplate, sampling: Sampling(),
            policy: Policy(rule: .majority, committee: 3),
            files: [.init(name: "tiny model.gguf", role: .weights, size: weights.count, sha256: digest)])
        return ["manifest.json": try CanonicalJSON.encode(manifest), "tiny model.gguf": weights]
    }

    var id: CID { package.root }
    var address: PackageAddress { .ipfs(id) }
    var path: String { folder.path + "/cache" }
    var entry: String { path + "/\(id)" }
    var weights: String { entry + "/package/tiny model.gguf" }
    /// How often a whole package was read.
    var readCount: Int { reads.withLock { $0 } }

    func cache(limit: Int? = nil) throws -> PackageCache {
        try PackageCache(folder: path, limit: limit) { [self] folder in
            reads.withLock { $0 += 1 }
            return try await Self.read(folder)
        }
    }

    /// Every file counts as listed by the manifest.
    static func read(_ folder: String) async throws -> PackageReading {
        let dag = try await Importer(TestPackage.profile).add(folder)
        let root = try #require(dag.directories.last)
        var digests: [String: Digest] = [:]
        for file in dag.files {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/" + file.path)))
            let digest: Digest = try #require(Digest(bytes: SHA256.hash(bytes)))
            digests[file.path] = digest
        }
        return PackageReading(root: root, digests: digests)
    }

    /// Opens the package with a cache and a client of its own, as another process would.
    func open(
        limit: Int? = nil, from gateway: TestGateway? = nil, address: PackageAddress? = nil,
        progress: @escaping @Sendable (PackageEvent) -> Void = { _ in }
    ) async throws -> CachedPackage {
        let server = try await (gateway ?? self.gateway).start()
        let result: Result<CachedPackage, any Error>
        do {
            let cache = try cache(limit: limit)
            result = .success(
                try await withClient { client in
                    let sources = PackageSources(gateways: [server.endpoint()], arweave: nil, client: client)
                    return try await cache.open(address ?? self.address, from: sources, progress: progress)
                })
        } catch {
            result = .failure(error)
        }
        await server.stop()
        return try result.get()
    }

    /// Makes it long ago that the package was used.
    func age(_ seconds: Double) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -seconds)], ofItemAtPath: path + "/locks/\(id)")
    }
}

extension TestGateway {
    /// How many leaves were asked for.
    var leavesAsked: Int { order.count { $0.codec == .raw } }
}
