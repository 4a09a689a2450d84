import Canonical
import ContentAddressing
public import DNAProtocol
import Foundation
import Synchronization

/// A model package on disk: a folder with `manifest.json` and the files it lists.
public struct ModelPackage: Sendable {
    /// The folder.
    public let folder: String
    /// The manifest, checked.
    public let manifest: Manifest

    /// Reads a folder's manifest and checks it, but not the files: ``verify(expecting:progress:)`` does.
    public init(folder: String) throws {
        self.folder = folder
        manifest = try Self.readManifest(folder + "/" + Manifest.fileName)
    }

    /// The path of the weights.
    public var weightsPath: String {
        // A valid manifest lists exactly one file of weights.
        folder + "/" + (manifest.weights?.name ?? "")
    }

    /// Bytes of all files the manifest lists.
    public var byteCount: Int { manifest.files.reduce(0) { $0 + $1.size } }

    private static func readManifest(_ path: String) throws -> Manifest {
        guard let handle = FileHandle(forReadingAtPath: path) else { throw ModelPackageError.unreadable(file: path) }
        defer { try? handle.close() }
        let bytes = Array(try handle.read(upToCount: Manifest.maximumBytes + 1) ?? Data())
        guard bytes.count <= Manifest.maximumBytes else { throw ModelPackageError.manifestTooLarge(file: path) }
        let manifest = try CanonicalJSON.decode(Manifest.self, from: bytes, unknownKeys: .refused)
        try manifest.validate()
        // Who knows the manifest must know the file's bytes: the model's id stands on them.
        guard try CanonicalJSON.encode(manifest) == bytes else {
            throw ModelPackageError.manifestNotCanonical(file: path)
        }
        return manifest
    }

    /// Reads every file, compares it with the manifest, and finds the model's id; on all cores.
    ///
    /// Names that begin with a dot are no part of a package, as `ipfs add` has it; anything else that the manifest does
    /// not list is refused.
    ///
    /// - Parameters:
    ///   - expected: the only id that will do; nil for any.
    ///   - progress: told from any thread how many bytes of how many have been hashed.
    /// - Throws: ``ModelPackageError`` that names the first file that differs.
    public func verify(
        expecting expected: ModelID? = nil,
        progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) async throws -> PublishedModel {
        try checkListing()
        // Every byte counts twice: once in its file's SHA-256, once in its block's.
        let total = 2 * byteCount
        let done = Mutex(0)
        let advance: @Sendable (Int) -> Void = { count in
            let now = done.withLock { done in
                done += count
                return done
            }
            progress(min(now, total), total)
        }
        async let digests: Void = checkDigests(advance)
        let root = try await root(advance)
        try await digests
        let model = try PublishedModel(root: root, manifest: manifest)
        if let expected, model.id != expected {
            throw ModelPackageError.otherModel(
                folder: folder, id: model.id.description, wanted: expected.description)
        }
        return model
    }

    /// Compares the file at `path` with its description.
    public static func verify(
        _ file: Manifest.File, path: String, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws {
        var done = 0
        let digest = try FileDigest.sha256(of: path, expectedSize: file.size) { count in
            done += count
            progress(done, file.size)
        }
        guard digest == file.sha256 else { throw ModelPackageError.digestDiffers(file: path) }
    }

    private func checkListing() throws {
        for file in manifest.files {
            let path = folder + "/" + file.name
            guard try FileDigest.size(of: path) == file.size else { throw ModelPackageError.sizeDiffers(file: path) }
        }
        let listed = Set(manifest.files.map(\.name) + [Manifest.fileName])
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        where !name.hasPrefix(".") && !listed.contains(name) {
            throw ModelPackageError.unlisted(file: folder + "/" + name)
        }
    }

    private func checkDigests(_ advance: @escaping @Sendable (Int) -> Void) async throws {
        for file in manifest.files {
            let path = folder + "/" + file.name
            let digest = try FileDigest.sha256(of: path, expectedSize: file.size, progress: advance)
            guard digest == file.sha256 else { throw ModelPackageError.digestDiffers(file: path) }
        }
    }

    /// The folder's root block.
    private func root(_ advance: @escaping @Sendable (Int) -> Void) async throws -> PackageRoot {
        // A valid manifest names a profile that is known.
        var importer = Importer(ImportProfile(named: manifest.importProfile) ?? .unixfsV1_2025)
        importer.progress = advance
        let dag = try await importer.add(folder)
        guard let block = dag.directories.last, block.cid == dag.root.cid else {
            throw ModelPackageError.unreadable(file: folder)
        }
        return try PackageRoot(bytes: block.bytes)
    }
}
