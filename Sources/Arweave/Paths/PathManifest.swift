import Canonical

/// A folder on Arweave: which transaction holds the file of which path. Its own transaction's id stands for the folder.
public struct PathManifest: Hashable, Sendable {
    /// What its transaction's `Content-Type` tag says; gateways serve its paths then.
    public static let contentType = "application/x.arweave-manifest+json"
    /// The most files, and the largest JSON, that are read.
    public static let fileLimit = 4_096
    /// In bytes.
    public static let byteLimit = 1 << 20
    private static let longestPath = 1_024

    /// The file that stands for the folder itself; one of `files`.
    public let index: String?
    /// Paths with `/` between their parts, relative, without `.` and `..`.
    public let files: [String: TransactionID]

    /// Throws ``ArweaveError/malformedManifest(reason:)``.
    public init(files: [String: TransactionID], index: String? = nil) throws(ArweaveError) {
        guard !files.isEmpty else { throw .malformedManifest(reason: "it has no files") }
        guard files.count <= Self.fileLimit else {
            throw .malformedManifest(reason: "it has more than \(Self.fileLimit) files")
        }
        for path in files.keys { try Self.check(path) }
        try Self.checkFolders(files.keys)
        if let index, files[index] == nil { throw .malformedManifest(reason: "its index is not one of its files") }
        self.files = files
        self.index = index
    }

    private static func check(_ path: String) throws(ArweaveError) {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let isSound = parts.allSatisfy { part in
            !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
                && part.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }
        }
        guard isSound, path.utf8.count <= longestPath else {
            throw .malformedManifest(reason: "a path is not one of a file below the folder")
        }
    }

    /// No path may be another one's folder.
    private static func checkFolders(_ paths: some Collection<String>) throws(ArweaveError) {
        let files = Set(paths)
        for path in paths {
            var folder = path[...]
            while let slash = folder.lastIndex(of: "/") {
                folder = folder[..<slash]
                guard !files.contains(String(folder)) else {
                    throw .malformedManifest(reason: "a path is a file and a folder")
                }
            }
        }
    }

    /// Its JSON: version 0.1.0, which all gateways read.
    public func json() -> [UInt8] {
        var form: [String: JSONValue] = [
            "manifest": .string("arweave/paths"), "version": .string("0.1.0"),
            "paths": .object(files.mapValues { .object(["id": .string($0.description)]) }),
        ]
        if let index { form["index"] = .object(["path": .string(index)]) }
        do {
            return try CanonicalJSON.encode(.object(form))
        } catch {
            preconditionFailure("a manifest consists of text: \(error)")
        }
    }

    /// Reads versions 0.1.0 and 0.2.0, whose fallback has no meaning here. What it does not know it refuses.
    ///
    /// Throws ``ArweaveError/malformedManifest(reason:)``.
    public init(json: [UInt8]) throws(ArweaveError) {
        let form: ManifestJSON
        do {
            let limits = JSONLimits(bytes: Self.byteLimit, depth: 4)
            form = try CanonicalJSON.decode(ManifestJSON.self, from: json, unknownKeys: .refused, limits: limits)
        } catch {
            throw .malformedManifest(reason: "\(error)")
        }
        guard form.manifest == "arweave/paths" else {
            throw .malformedManifest(reason: "it does not call itself arweave/paths")
        }
        guard ["0.1.0", "0.2.0"].contains(form.version) else {
            throw .malformedManifest(reason: "its version is not known")
        }
        try self.init(files: form.paths.mapValues(\.id), index: form.index?.path)
    }
}

private struct ManifestJSON: Decodable {
    struct Index: Decodable {
        let path: String?
        let id: TransactionID?
    }

    struct Entry: Decodable {
        let id: TransactionID
    }

    let manifest: String
    let version: String
    let index: Index?
    let fallback: Entry?
    let paths: [String: Entry]
}
