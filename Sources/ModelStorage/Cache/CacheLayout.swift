import Arweave
import ContentAddressing
import Foundation
import Glibc

/// Where a cache keeps what.
///
///     bafybei…/package          the files; comes by one rename, when all of them are there
///     bafybei…/package.partial  what is on its way
///     bafybei…/record.json      written last: what was read, and of which files
///     locks/…                   one for each package; when it was used is its time
///     arweave/TXID              the id of the package that a transaction turned out to be
///     arweave/TXID.partial      what is on its way
struct CacheLayout: Sendable {
    let folder: String

    /// Opens the cache, which is made if it is not there. What its records say is believed, so it must belong to this user,
    /// and nobody else may write to it.
    init(_ folder: String) throws(StorageError) {
        self.folder = folder
        for path in [folder, folder + "/locks", folder + "/arweave"] {
            try Self.create(path)
            var status = stat()
            guard stat(path, &status) == 0 else { throw .disk(path: path, reason: lastError()) }
            guard status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else { throw .writableByOthers(path: path) }
        }
    }

    private static func create(_ path: String) throws(StorageError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .disk(path: path, reason: error.localizedDescription)
        }
    }

    func entry(_ id: CID) -> String { "\(folder)/\(id)" }
    func package(_ id: CID) -> String { entry(id) + "/package" }
    func record(_ id: CID) -> String { entry(id) + "/record.json" }
    func lock(_ name: String) -> String { "\(folder)/locks/\(name)" }
    func arweave(_ id: TransactionID) -> String { "\(folder)/arweave/\(id)" }

    func createEntry(_ id: CID) throws(StorageError) { try Self.create(entry(id)) }

    /// The packages of which anything is there.
    func ids() throws(StorageError) -> [CID] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).compactMap { name in
                guard let id = try? CID(name), id.isPackageID, "\(id)" == name else { return nil }
                return id
            }
        } catch {
            throw .disk(path: folder, reason: error.localizedDescription)
        }
    }

    /// Bytes of all files below a path, as long as they will be.
    static func size(_ path: String) -> Int {
        guard let all = FileManager.default.enumerator(atPath: path) else { return 0 }
        var total = 0
        while all.nextObject() != nil { total += (all.fileAttributes?[.size] as? Int) ?? 0 }
        return total
    }

    /// Bytes on the disk below a path.
    static func present(_ path: String) -> Int {
        guard let all = FileManager.default.enumerator(atPath: path) else { return 0 }
        var total = 0
        while let name = all.nextObject() as? String {
            var status = stat()
            if lstat(path + "/" + name, &status) == 0 { total += Int(status.st_blocks) * 512 }
        }
        return total
    }

    /// Removes a package, what vouches for it first: whatever a crash leaves counts for nothing.
    func remove(_ id: CID) throws(StorageError) {
        try Self.remove(record(id))
        try Self.remove(entry(id))
    }

    /// Removes a file or folder, if it is there.
    static func remove(_ path: String) throws(StorageError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw .disk(path: path, reason: error.localizedDescription)
        }
    }
}
