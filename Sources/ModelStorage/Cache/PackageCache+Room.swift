public import Foundation

extension PackageCache {
    /// A package in the cache, or one on its way, for people.
    public struct Entry: Hashable, Sendable {
        /// What it is.
        public let subject: CacheSubject
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
        for subject in try layout.subjects() {
            let path = layout.lock(subject)
            let lock = try CacheLock(path)
            let isInUse = try !lock.tryTake(.exclusive)
            let time = (try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate]) as? Date
            entries.append(
                Entry(
                    subject: subject, bytes: layout.size(subject), lastUse: time ?? .distantPast,
                    isWhole: isWhole(subject), isInUse: isInUse))
        }
        return entries.sorted { ($0.lastUse, "\($0.subject)") < ($1.lastUse, "\($1.subject)") }
    }

    private func isWhole(_ subject: CacheSubject) -> Bool {
        guard case .package(let id) = subject else { return false }
        return CacheRecord.read(layout.record(id))?.root(of: id, in: layout.package(id)) != nil
    }

    /// Removes a package, or what has come of one. Throws ``StorageError/inUse(_:)`` while a process has it.
    ///
    /// - Returns: false when there was none.
    public func remove(_ subject: CacheSubject) throws(StorageError) -> Bool {
        guard try layout.subjects().contains(subject) else { return false }
        let lock = try CacheLock(layout.lock(subject))
        guard try lock.tryTake(.exclusive) else { throw .inUse(subject) }
        try layout.remove(subject)
        return true
    }

    /// Removes what was not used for the longest time until so many bytes more keep the limit.
    func makeRoom(
        for bytes: Int, besides fetched: CacheSubject, _ progress: (PackageEvent) -> Void
    ) throws(StorageError) {
        guard let limit else { return }
        let counting = try counting()
        defer { counting.release() }
        let entries = try count().filter { $0.subject != fetched }
        var used = entries.reduce(0) { $0 + $1.bytes }
        for entry in entries where used + bytes > limit && !entry.isInUse {
            let lock = try CacheLock(layout.lock(entry.subject))
            guard try lock.tryTake(.exclusive) else { continue }
            try layout.remove(entry.subject)
            used -= entry.bytes
            progress(.removed(id: "\(entry.subject)"))
        }
        guard used + bytes <= limit else { throw .cacheTooSmall(needed: bytes, used: used, limit: limit) }
    }
}
