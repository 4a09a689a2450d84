import Canonical
import ContentAddressing
import Foundation
import NodeState

/// What a cache remembers of a package that it has read as a whole: it spares reading it again while every file is the one
/// that was read.
struct CacheRecord: Codable, Hashable, Sendable {
    static let version = 1

    /// One file.
    struct File: Codable, Hashable, Sendable {
        let name: String
        let sha256: Digest
        let identity: FileIdentity
    }

    let version: Int
    /// The package's id.
    let id: String
    /// The root block, in base64.
    let root: String
    /// In the order of their names' bytes.
    let files: [File]

    /// The record of a folder that was read; nil when its files are not those of the reading, or not those that were there
    /// `before` it.
    init?(_ reading: PackageReading, of folder: String, before: [String: FileIdentity]?) {
        guard let before, Self.identities(in: folder) == before, Set(before.keys) == Set(reading.digests.keys) else {
            return nil
        }
        version = Self.version
        id = "\(reading.root.cid)"
        root = Data(reading.root.bytes).base64EncodedString()
        files = before.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.compactMap { name in
            guard let sha256 = reading.digests[name], let identity = before[name] else { return nil }
            return File(name: name, sha256: sha256, identity: identity)
        }
    }

    /// Reads a record; nil when there is none, or none that can be used.
    static func read(_ path: String) -> CacheRecord? {
        guard let record = try? JSONFile.readIfThere(CacheRecord.self, path: path), record.version == version else {
            return nil
        }
        return record
    }

    /// The root block, if this is the record of the package `id`, and the files in `folder` are those that were read.
    func root(of id: CID, in folder: String) -> Block? {
        let recorded = Dictionary(files.map { ($0.name, $0.identity) }) { first, _ in first }
        guard self.id == "\(id)", Self.identities(in: folder) == recorded, let bytes = Data(base64Encoded: root) else {
            return nil
        }
        return try? Block([UInt8](bytes), named: id)
    }

    /// The SHA-256 of each file, by name.
    var digests: [String: Digest] { Dictionary(files.map { ($0.name, $0.sha256) }) { first, _ in first } }

    /// What is in a folder, also under names that begin with a dot; nil when that is not plain files only.
    static func identities(in folder: String) -> [String: FileIdentity]? {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return nil }
        var identities: [String: FileIdentity] = [:]
        for name in names {
            guard let identity = FileIdentity("\(folder)/\(name)") else { return nil }
            identities[name] = identity
        }
        return identities
    }
}
