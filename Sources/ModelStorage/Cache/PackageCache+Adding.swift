public import ContentAddressing
import Foundation
import Glibc

extension PackageCache {
    /// Bytes that are copied at a time.
    private static let piece = 8 << 20

    /// Puts a copy of a package that lies in a folder here, so that it can be had by its id without asking anybody. Links
    /// in the folder are followed.
    ///
    /// - Parameter id: the package's id, where it is known; else all of the package is read once more.
    ///
    /// Throws ``StorageError``, `CancellationError`, and what reading a package throws.
    public func add(
        _ folder: String, id: CID? = nil, progress: @escaping @Sendable (PackageEvent) -> Void = { _ in }
    ) async throws -> CachedPackage {
        let known: CID
        if let id { known = id } else { known = try await read(folder).root.cid }
        return try await open(known, at: .folder(folder), progress) { destination, accepts in
            try await Self.copy(folder, to: destination, accepts, progress)
        }
    }

    private static func copy(
        _ folder: String, to destination: String, _ accepts: (Int) throws -> Void,
        _ progress: (PackageEvent) -> Void
    ) async throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }.sorted()
        let bytes = try names.reduce(0) { try $0 + size(of: "\(folder)/\($1)") }
        try accepts(bytes)
        let download = try DownloadFolder(destination)
        // What was begun from elsewhere is not gone on with.
        try download.begin(with: [])
        try DownloadFolder.checkRoom(for: bytes, at: destination)
        progress(.planned(bytes: bytes, present: 0))
        for name in names {
            try download.replace(name, with: [])
            try await copy("\(folder)/\(name)", as: name, into: download, progress)
        }
        try download.complete(names)
    }

    private static func copy(
        _ origin: String, as name: String, into download: DownloadFolder, _ progress: (PackageEvent) -> Void
    ) async throws {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: origin))
        defer { try? file.close() }
        var offset: UInt64 = 0
        while let data = try file.read(upToCount: piece), !data.isEmpty {
            try Task.checkCancellation()
            try data.withUnsafeBytes { try download.write($0, to: name, at: offset) }
            offset += UInt64(data.count)
            progress(.received(data.count))
            await Task.yield()
        }
    }

    private static func size(of path: String) throws(StorageError) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .disk(path: path, reason: lastError()) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAPackage(name: path, reason: "it is no file") }
        return Int(status.st_size)
    }
}
