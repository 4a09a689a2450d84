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
///     arweave/TXID.package      its files until that is known; comes by one rename, when all of them are there
///     arweave/TXID.package.partial  what is on its way
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
    func known(_ id: TransactionID) -> String { "\(folder)/arweave/\(id)" }
    func package(_ id: TransactionID) -> String { known(id) + Self.suffix }

    private static let suffix = ".package"

    /// Where all of something lies.
    private func places(_ subject: CacheSubject) -> [String] {
        switch subject {
        case .package(let id): [entry(id)]
        case .transaction(let id): [package(id), package(id) + DownloadFolder.unfinished]
        }
    }

    func lock(_ subject: CacheSubject) -> String {
        switch subject {
        case .package(let id): lock("\(id)")
        case .transaction(let id): lock("\(id)")
        }
    }

    func lock(_ name: String) -> String { "\(folder)/locks/\(name)" }

    func createEntry(_ id: CID) throws(StorageError) { try Self.create(entry(id)) }

    /// Everything of which anything is there.
    func subjects() throws(StorageError) -> Set<CacheSubject> {
        let packages = try Self.names(in: folder).compactMap { name -> CacheSubject? in
            guard let id = try? CID(name), id.isPackageID, "\(id)" == name else { return nil }
            return .package(id)
        }
        let transactions = try Self.names(in: folder + "/arweave").compactMap { name -> CacheSubject? in
            let stem =
                name.hasSuffix(DownloadFolder.unfinished) ? name.dropLast(DownloadFolder.unfinished.count) : name[...]
            guard stem.hasSuffix(Self.suffix) else { return nil }
            return TransactionID(String(stem.dropLast(Self.suffix.count))).map { .transaction($0) }
        }
        return Set(packages + transactions)
    }

    private static func names(in folder: String) throws(StorageError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw .disk(path: folder, reason: error.localizedDescription)
        }
    }

    /// Bytes of all files of something, as long as they will be.
    func size(_ subject: CacheSubject) -> Int { places(subject).reduce(0) { $0 + Self.sum($1) { Int($0.st_size) } } }

    /// Bytes of something that are on the disk.
    func present(_ subject: CacheSubject) -> Int { places(subject).reduce(0) { $0 + Self.present($1) } }

    /// Bytes on the disk of a file, or of all files below a folder.
    static func present(_ path: String) -> Int { sum(path) { Int($0.st_blocks) * 512 } }

    private static func sum(_ path: String, _ bytes: (stat) -> Int) -> Int {
        let below = FileManager.default.enumerator(atPath: path)?.compactMap { ($0 as? String).map { path + "/" + $0 } }
        return ([path] + (below ?? [])).reduce(0) { total, path in
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return total }
            return total + bytes(status)
        }
    }

    /// Removes something, what vouches for it first: whatever a crash leaves counts for nothing.
    func remove(_ subject: CacheSubject) throws(StorageError) {
        if case .package(let id) = subject { try Self.remove(record(id)) }
        for path in places(subject) { try Self.remove(path) }
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
