public import ContentAddressing
public import Foundation

extension PackageCache {
    /// A package in the cache, for people.
    public struct Entry: Hashable, Sendable {
        /// Its id.
        public let id: CID
        /// Bytes of its files.
        public let bytes: Int
        /// When it was last asked for.
        public let lastUse: Date
        /// Whether it is whole, and was read.
        public let isWhole: Bool
        /// Whether a process uses or fetches it.
        public let isInUse: Bool
    }

    /// What is there, the least recently used first.
    public func entries() throws(StorageError) -> [Entry] {
        let counting = try counting()
        defer { counting.release() }
        return try count()
    }

    /// One process at a time counts and removes; nobody waits for a transfer here.
    private func counting() throws(StorageError) -> CacheLock {
        let lock = try CacheLock(layout.lock("room"))
        while try !lock.tryTake(.exclusive) { usleep(10_000) }
        return lock
    }

    private func count() throws(StorageError) -> [Entry] {
        var entries: [Entry] = []
        for id in try layout.ids() {
            let path = layout.lock("\(id)")
            let lock = try CacheLock(path)
            let isInUse = try !lock.tryTake(.exclusive)
            let time = (try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate]) as? Date
            entries.append(
                Entry(
                    id: id, bytes: CacheLayout.size(layout.entry(id)), lastUse: time ?? .distantPast,
                    isWhole: CacheRecord.read(layout.record(id))?.root(of: id, in: layout.package(id)) != nil,
                    isInUse: isInUse))
        }
        return entries.sorted { ($0.lastUse, "\($0.id)") < ($1.lastUse, "\($1.id)") }
    }

    /// Removes a package. Throws ``StorageError/inUse(_:)`` while a process has it.
    ///
    /// - Returns: false when there was none.
    public func remove(_ id: CID) throws(StorageError) -> Bool {
        guard try layout.ids().contains(id) else { return false }
        let lock = try CacheLock(layout.lock("\(id)"))
        guard try lock.tryTake(.exclusive) else { throw .inUse(id) }
        try layout.remove(id)
        return true
    }

    /// Removes what was not used for the longest time until so many bytes more keep the limit.
    func makeRoom(
        for bytes: Int, besides fetched: CID?, _ progress: (PackageEvent) -> Void
    ) throws(StorageError) {
        guard let limit else { return }
        let counting = try counting()
        defer { counting.release() }
        let entries = try count().filter { $0.id != fetched }
        var used = entries.reduce(0) { $0 + $1.bytes }
        for entry in entries where used + bytes > limit && !entry.isInUse {
            let lock = try CacheLock(layout.lock("\(entry.id)"))
            guard try lock.tryTake(.exclusive) else { continue }
            try layout.remove(entry.id)
            used -= entry.bytes
            progress(.removed(id: "\(entry.id)"))
        }
        guard used + bytes <= limit else { throw .cacheTooSmall(needed: bytes, used: used, limit: limit) }
    }
}
