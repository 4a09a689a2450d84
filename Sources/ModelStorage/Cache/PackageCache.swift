import Arweave
import ContentAddressing
import Foundation
import NodeState

/// Packages on this machine by their ids, for any number of processes of one user.
///
/// A package is in the cache once all of it was read and had the right id; a record then spares reading it again for as
/// long as every file has the same size, times and inode. Who comes while another fetches waits for it. A process may be
/// killed at any moment: what it leaves counts for nothing, and the next one goes on with it.
public struct PackageCache: Sendable {
    let layout: CacheLayout
    /// The most bytes of all packages together; nil for as many as the disk holds.
    let limit: Int?
    let read: PackageReader

    /// Opens the cache in `folder`, which is made if it is not there.
    ///
    /// - Parameters:
    ///   - limit: bytes of all packages together. What was not used for the longest time goes first, never what is in use.
    ///   - read: reads all of a package.
    public init(folder: String, limit: Int? = nil, read: @escaping PackageReader) throws(StorageError) {
        layout = try CacheLayout(folder)
        self.limit = limit
        self.read = read
    }

    /// Gives the package at an address, fetched if it is not here.
    ///
    /// Throws ``StorageError``, `ArweaveFailure`, `CancellationError`, and what reading a package throws.
    public func open(
        _ address: PackageAddress, from sources: PackageSources,
        progress: @escaping @Sendable (PackageEvent) -> Void = { _ in }
    ) async throws -> CachedPackage {
        if case .arweave(let transaction) = address {
            let id = try await resolve(transaction, sources, progress)
            // The address still, should the package have gone meanwhile.
            return try await open(id, at: address, from: sources, progress)
        }
        guard let id = address.id else { throw StorageError.notAPackage(name: "\(address)", reason: "it has no id") }
        return try await open(id, at: address, from: sources, progress)
    }

    private func open(
        _ id: CID, at address: PackageAddress, from sources: PackageSources,
        _ progress: @escaping @Sendable (PackageEvent) -> Void
    ) async throws -> CachedPackage {
        try await open(id, at: address, progress) { destination, accepts in
            try await sources.fetch(address, to: destination, isToRun: true, accepts: accepts, progress: progress)
        }
    }

    /// Gives a package, brought by `bring` if it is not here: to a place that does not exist yet, after its size was
    /// accepted.
    func open(
        _ id: CID, at address: PackageAddress, _ progress: @escaping @Sendable (PackageEvent) -> Void,
        bring: (_ destination: String, _ accepts: @escaping @Sendable (Int) throws -> Void) async throws -> Void
    ) async throws -> CachedPackage {
        let subject = CacheSubject.package(id)
        let lock = try CacheLock(layout.lock(subject))
        var wasFetched = false
        while true {
            try await lock.take(.shared) { progress(.waiting(present: layout.present(subject))) }
            try lock.touch()
            if let package = try await whole(id, lock, progress, wasFetched) { return package }
            try await lock.take(.exclusive) { progress(.waiting(present: 0)) }
            // Somebody else may have been first.
            if CacheRecord.read(layout.record(id))?.root(of: id, in: layout.package(id)) == nil {
                try CacheLayout.remove(layout.package(id))
                try layout.createEntry(id)
                try await bring(layout.package(id)) { try makeRoom(for: $0, besides: subject, progress) }
                try await acceptFetched(id, from: address, progress)
                wasFetched = true
            }
            lock.release()
        }
    }

    /// The package, if it is here as a whole: by its record, or else by reading it.
    private func whole(
        _ id: CID, _ lock: CacheLock, _ progress: @Sendable (PackageEvent) -> Void, _ wasFetched: Bool
    ) async throws -> CachedPackage? {
        let folder = layout.package(id)
        if let record = CacheRecord.read(layout.record(id)), let root = record.root(of: id, in: folder) {
            return CachedPackage(
                id, folder: folder, root: root, digests: record.digests, wasRead: wasFetched, lock: lock)
        }
        guard FileManager.default.fileExists(atPath: folder) else { return nil }
        progress(.checking)
        do {
            let (reading, record) = try await readAll(folder)
            guard reading.root.cid == id, let record else { return nil }
            try JSONFile.write(record, path: layout.record(id))
            return CachedPackage(
                id, folder: folder, root: reading.root, digests: reading.digests, wasRead: true, lock: lock)
        } catch {
            // What is here is damaged, whatever the damage: it is fetched anew.
            try Task.checkCancellation()
            return nil
        }
    }

    /// Reads a package. There is no record when it has other files than those that its manifest lists, or one changed
    /// meanwhile.
    private func readAll(_ folder: String) async throws -> (PackageReading, CacheRecord?) {
        let before = CacheRecord.identities(in: folder)
        let reading = try await read(folder)
        return (reading, CacheRecord(reading, of: folder, before: before))
    }

    /// Reads a package that has just come, and records it. One that is not right does not stay.
    private func acceptFetched(
        _ id: CID, from address: PackageAddress, _ progress: @Sendable (PackageEvent) -> Void
    ) async throws {
        progress(.checking)
        do {
            let (reading, record) = try await readAll(layout.package(id))
            guard reading.root.cid == id else {
                throw StorageError.otherPackage(wanted: id, found: reading.root.cid, server: "\(address)")
            }
            guard let record else { throw Self.strayFiles(address) }
            try JSONFile.write(record, path: layout.record(id))
        } catch {
            try Task.checkCancellation()
            try layout.remove(.package(id))
            throw error
        }
    }

    private static func strayFiles(_ address: PackageAddress) -> StorageError {
        .notAPackage(name: "\(address)", reason: "it has other files than those that its manifest lists")
    }

    // MARK: Arweave

    /// Which package a transaction is. What was never seen is fetched to find out.
    private func resolve(
        _ transaction: TransactionID, _ sources: PackageSources,
        _ progress: @escaping @Sendable (PackageEvent) -> Void
    ) async throws -> CID {
        let subject = CacheSubject.transaction(transaction)
        let lock = try CacheLock(layout.lock(subject))
        try await lock.take(.exclusive) { progress(.waiting(present: layout.present(subject))) }
        try lock.touch()
        if let id = known(transaction) { return id }
        let folder = layout.package(transaction)
        if !FileManager.default.fileExists(atPath: folder) {
            try await sources.fetch(
                .arweave(transaction), to: folder, isToRun: true,
                accepts: { try makeRoom(for: $0, besides: subject, progress) }, progress: progress)
        }
        progress(.checking)
        let id: CID
        do {
            let (reading, record) = try await readAll(folder)
            guard let record else { throw Self.strayFiles(.arweave(transaction)) }
            id = reading.root.cid
            try await adopt(folder, id, record, progress)
        } catch {
            try Task.checkCancellation()
            try CacheLayout.remove(folder)
            throw error
        }
        try JSONFile.write("\(id)", path: layout.known(transaction))
        return id
    }

    private func known(_ transaction: TransactionID) -> CID? {
        guard let text = try? JSONFile.readIfThere(String.self, path: layout.known(transaction)) else { return nil }
        return try? PackageAddress.id(text)
    }

    /// Puts a package that was read in its place, unless it is there.
    private func adopt(
        _ folder: String, _ id: CID, _ record: CacheRecord, _ progress: @Sendable (PackageEvent) -> Void
    ) async throws {
        let lock = try CacheLock(layout.lock(.package(id)))
        try await lock.take(.exclusive) { progress(.waiting(present: 0)) }
        try lock.touch()
        let target = layout.package(id)
        if FileManager.default.fileExists(atPath: target) { return try CacheLayout.remove(folder) }
        try layout.createEntry(id)
        guard rename(folder, target) == 0 else { throw StorageError.disk(path: target, reason: lastError()) }
        try JSONFile.write(record, path: layout.record(id))
    }
}
