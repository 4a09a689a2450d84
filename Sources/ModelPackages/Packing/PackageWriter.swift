import Canonical
public import Cryptography
public import DNAProtocol
import Foundation
import Synchronization

/// Writes a package's folder from files that lie elsewhere.
public struct PackageWriter: Sendable {
    /// How files come into the folder.
    public enum Placement: Sendable {
        /// Copied.
        case copy
        /// As symbolic links: the files must stay where they are.
        case link
    }

    /// A file of the package to be.
    public struct Source: Hashable, Sendable {
        /// Its name in the package.
        public var name: String
        /// What it is for.
        public var role: Manifest.File.Role
        /// Where it is now.
        public var path: String

        /// Names a file.
        public init(name: String, role: Manifest.File.Role, path: String) {
            self.name = name
            self.role = role
            self.path = path
        }
    }

    /// The package's folder.
    public let folder: String
    /// How files come into it.
    public var placement = Placement.copy
    /// Who signs the manifest; nil for nobody.
    public var author: Ed25519.SigningKey?
    /// Nodes that alone can read the files, but for a licence's text; none for a package that everybody can read.
    public var recipients: [Ed25519.PublicKey] = []
    /// The network whose rules the package must keep; nil for any.
    public var genesis: Genesis?
    /// Told from any thread how many bytes of how many have been hashed, a file at a time.
    public var progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }

    /// A writer into a folder, which need not be there.
    public init(folder: String) { self.folder = folder }

    /// Writes the package, reads it back, and returns the model.
    ///
    /// A folder that is there may hold an earlier package, whose files are replaced; anything else in it is refused
    /// before anything is written.
    ///
    /// - Parameter describe: makes the manifest from the files' descriptions.
    public func write(
        _ sources: [Source], describe: ([Manifest.File]) throws -> Manifest
    ) async throws -> PublishedModel {
        let manager = FileManager.default
        let contentKey = recipients.isEmpty ? nil : SystemRandom.secret(count: ChunkCipher.keyByteCount)
        // Encrypted files lie beside the package until all else is known to be right.
        defer { for source in sources { try? manager.removeItem(atPath: temporary(source)) } }
        if contentKey != nil { try manager.createDirectory(atPath: folder, withIntermediateDirectories: true) }
        var manifest = try describe(try sources.map { try description(of: $0, contentKey) })
        if let contentKey { manifest.encryption = try .init(contentKey: contentKey, to: recipients) }
        if let author { manifest = try manifest.signed(by: author) }
        try manifest.validate(within: genesis)
        try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let names = Set(sources.map(\.name) + [Manifest.fileName])
        for name in try manager.contentsOfDirectory(atPath: folder).sorted()
        where !name.hasPrefix(".") && !names.contains(name) {
            throw ModelPackageError.unlisted(file: folder + "/" + name)
        }
        for (source, file) in zip(sources, manifest.files) {
            if file.plain == nil { try place(source) } else { try moveIntoPlace(source) }
        }
        let bytes = try CanonicalJSON.encode(manifest)
        try Data(bytes).write(to: URL(fileURLWithPath: folder + "/" + Manifest.fileName), options: .atomic)
        return try await ModelPackage(folder: folder).verify(progress: progress)
    }

    private func description(of source: Source, _ contentKey: SecretBytes?) throws -> Manifest.File {
        if let contentKey, source.role != .licence { return try encrypt(source, contentKey) }
        let size = try FileDigest.size(of: source.path)
        var done = 0
        let digest = try FileDigest.sha256(of: source.path, expectedSize: size) { count in
            done += count
            progress(done, size)
        }
        return Manifest.File(name: source.name, role: source.role, size: size, sha256: digest)
    }

    /// Where a file lies, whatever way leads to its folder. A file that is in the package already must not be replaced by
    /// a link to itself.
    private static func place(of path: String) -> String {
        let file = URL(fileURLWithPath: path)
        return file.deletingLastPathComponent().resolvingSymlinksInPath().appendingPathComponent(file.lastPathComponent)
            .path
    }

    /// Puts a file where it belongs under another name first, so that a package is never without the one it had.
    private func place(_ source: Source) throws {
        let manager = FileManager.default
        let target = folder + "/" + source.name
        let path = URL(fileURLWithPath: source.path).standardizedFileURL.path
        if Self.place(of: target) == Self.place(of: path) { return }
        if placement == .link, (try? manager.destinationOfSymbolicLink(atPath: target)) == path { return }
        let temporary = temporary(source)
        try? manager.removeItem(atPath: temporary)
        switch placement {
        case .copy:
            let original = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            try manager.copyItem(atPath: original, toPath: temporary)
        case .link: try manager.createSymbolicLink(atPath: temporary, withDestinationPath: path)
        }
        try moveIntoPlace(source)
    }

    private func temporary(_ source: Source) -> String { folder + "/.\(source.name).new" }

    private func moveIntoPlace(_ source: Source) throws {
        let target = folder + "/" + source.name
        guard rename(temporary(source), target) == 0 else { throw ModelPackageError.unwritable(file: target) }
    }

    private func encrypt(_ source: Source, _ contentKey: SecretBytes) throws -> Manifest.File {
        var file = try EncryptedFile(name: source.name, contentKey: contentKey)
        let size = try FileDigest.size(of: source.path)
        let done = Mutex(0)
        file.progress = { [progress] count in
            let now = done.withLock { done in
                done += count
                return done
            }
            progress(now, size)
        }
        try? FileManager.default.removeItem(atPath: temporary(source))
        let pass = try file.encrypt(source.path, to: temporary(source))
        // Ciphertext is for everybody.
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: temporary(source))
        return Manifest.File(
            name: source.name, role: source.role, size: pass.written.size, sha256: pass.written.sha256,
            plain: pass.read)
    }
}
