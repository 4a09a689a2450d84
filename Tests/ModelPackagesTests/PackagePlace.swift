import DNAProtocol
import Foundation
import ModelPackages
import Synchronization

/// A folder for one test, with something that passes for weights.
struct PackagePlace {
    let root: String
    let folder: String
    let weights: String
    let bytes = Data("weights of a very small model".utf8)

    init() throws {
        root =
            FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
            .appending(path: "dna-\(UUID().uuidString)").path
        folder = root + "/package"
        weights = root + "/model.gguf"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try bytes.write(to: URL(fileURLWithPath: weights))
    }

    var manifest: String { folder + "/" + Manifest.fileName }

    func remove() { try? FileManager.default.removeItem(atPath: root) }

    func writer(_ placement: PackageWriter.Placement = .copy) -> PackageWriter {
        var writer = PackageWriter(folder: folder)
        writer.placement = placement
        return writer
    }

    /// Writes the package, whose manifest `alter` may change.
    func write(
        _ placement: PackageWriter.Placement = .copy, with writer: PackageWriter? = nil,
        _ alter: (inout Manifest) -> Void = { _ in }
    ) async throws -> PublishedModel {
        let source = PackageWriter.Source(name: "model.gguf", role: .weights, path: weights)
        return try await (writer ?? self.writer(placement)).write([source]) { files in
            var manifest = Manifest(
                name: "small", licence: "Apache-2.0", contextLength: 128,
                policy: Policy(rule: .majority, committee: 3), files: files)
            alter(&manifest)
            return manifest
        }
    }
}

/// The most that was told.
final class Counter: Sendable {
    private let value = Mutex(0)

    func note(_ done: Int) { value.withLock { $0 = max($0, done) } }

    var most: Int { value.withLock(\.self) }
}
