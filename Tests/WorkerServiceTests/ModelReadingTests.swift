import Canonical
import Cryptography
import DNAProtocol
import Foundation
import ModelStorage
import Testing
import WorkerService

/// What a worker's cache takes for a model package.
@Suite struct ModelReadingTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/reading-\(UUID().uuidString)"
    private let weights = Array("weights of a very small model".utf8)

    private func write(_ name: String, _ bytes: [UInt8]) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }

    private func manifest(context: Int = 128) throws -> [UInt8] {
        let digest = try #require(Digest(bytes: SHA256.hash(weights)))
        return try CanonicalJSON.encode(
            Manifest(
                name: "small", licence: "Apache-2.0", contextLength: context, chatTemplate: Manifest.noTemplate,
                sampling: Sampling(), policy: Policy(rule: .majority, committee: 3),
                files: [.init(name: "model.gguf", role: .weights, size: weights.count, sha256: digest)]))
    }

    @Test func knowsTheIDAndEveryDigest() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let manifest = try manifest()
        try write("manifest.json", manifest)
        try write("model.gguf", weights)
        let reading = try await ModelReading.reader(folder)
        #expect("\(reading.root.cid)".hasPrefix("bafybei"))
        #expect(
            reading.digests.mapValues(\.bytes) == [
                "manifest.json": SHA256.hash(manifest), "model.gguf": SHA256.hash(weights),
            ])
    }

    @Test func refusesWhatIsNotAsTheManifestSays() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write("model.gguf", weights)
        await #expect(throws: (any Error).self) { try await ModelReading.reader(folder) }
        try write("manifest.json", manifest(context: 1))
        await #expect(throws: InvalidField.self) { try await ModelReading.reader(folder) }
        try write("manifest.json", manifest())
        _ = try await ModelReading.reader(folder)
        try write("model.gguf", weights.reversed())
        await #expect(throws: (any Error).self) { try await ModelReading.reader(folder) }
    }
}
