public import Canonical
public import ContentAddressing

/// A package in a cache, whole and right. While this value lives, no process removes it.
public final class CachedPackage: Sendable {
    /// The package's id.
    public let id: CID
    /// Its files, and nothing else, lie here.
    public let folder: String
    /// The root of its DAG.
    public let root: Block
    /// The SHA-256 of each file, by name.
    public let digests: [String: Digest]
    /// Whether this call has read the whole; else it was the record of an earlier one that vouches.
    public let wasRead: Bool
    private let lock: CacheLock

    init(_ id: CID, folder: String, root: Block, digests: [String: Digest], wasRead: Bool, lock: CacheLock) {
        self.id = id
        self.folder = folder
        self.root = root
        self.digests = digests
        self.wasRead = wasRead
        self.lock = lock
    }
}
