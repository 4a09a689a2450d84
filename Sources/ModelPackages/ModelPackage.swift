import Canonical
import Cryptography
public import DNAProtocol
import Foundation

/// A model package on disk: a folder with `manifest.json` and the files it lists.
public struct ModelPackage: Sendable {
    /// The manifest's file name.
    public static let manifestName = "manifest.json"
    /// The largest manifest that is read.
    public static let maximumManifestBytes = 1_048_576

    /// The folder.
    public let folder: String
    /// The manifest, checked.
    public let manifest: Manifest
    /// The model's id: the manifest's digest.
    public let id: ModelID

    /// Reads a folder's manifest and checks it, but not the files: ``verifyFiles(progress:)`` does.
    public init(folder: String) throws {
        self.folder = folder
        manifest = try Self.readManifest(folder: folder)
        id = try manifest.modelID()
    }

    /// The path of the weights.
    public var weightsPath: String {
        // A valid manifest lists exactly one file of weights.
        folder + "/" + (manifest.weights?.name ?? "")
    }

    /// Reads a folder's manifest and checks it.
    public static func readManifest(folder: String) throws -> Manifest {
        let path = folder + "/" + manifestName
        guard let handle = FileHandle(forReadingAtPath: path) else { throw ModelPackageError.unreadable(file: path) }
        defer { try? handle.close() }
        let bytes = try handle.read(upToCount: maximumManifestBytes + 1) ?? Data()
        guard bytes.count <= maximumManifestBytes else { throw ModelPackageError.manifestTooLarge }
        let manifest = try CanonicalJSON.decode(Manifest.self, from: Array(bytes), unknownKeys: .refused)
        try manifest.validate()
        return manifest
    }

    /// Compares every file's size and SHA-256 with the manifest.
    ///
    /// - Parameter progress: told how many bytes of how many have been read.
    /// - Throws: ``ModelPackageError`` that names the first file that differs.
    public func verifyFiles(progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }) throws {
        let total = manifest.files.reduce(0) { $0 + $1.size }
        var before = 0
        for file in manifest.files {
            try Self.verify(file, path: folder + "/" + file.name) { done, _ in progress(before + done, total) }
            before += file.size
        }
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

    /// Writes a package around a file of weights: a manifest beside a link to the file.
    ///
    /// - Parameters:
    ///   - weights: the path of the GGUF file.
    ///   - folder: created if it is not there.
    ///   - describe: makes the manifest from the description of the weights.
    public static func create(
        weights: String, folder: String, describe: (Manifest.File) throws -> Manifest
    ) throws -> ModelPackage {
        let name = (weights as NSString).lastPathComponent
        guard let size = try FileManager.default.attributesOfItem(atPath: weights)[.size] as? Int else {
            throw ModelPackageError.unreadable(file: weights)
        }
        let digest = try FileDigest.sha256(of: weights, expectedSize: size) { _ in }
        let manifest = try describe(.init(name: name, role: .weights, size: size, sha256: digest))
        try manifest.validate()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let link = folder + "/" + name
        if (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) != weights {
            try? FileManager.default.removeItem(atPath: link)
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: weights)
        }
        let bytes = try CanonicalJSON.encode(manifest)
        try Data(bytes).write(to: URL(fileURLWithPath: folder + "/" + manifestName), options: .atomic)
        return try ModelPackage(folder: folder)
    }
}
