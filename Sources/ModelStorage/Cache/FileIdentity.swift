import Glibc

/// What tells whether a file on disk is the one that was read: whoever writes to it, or puts another in its place, changes
/// one of these.
struct FileIdentity: Codable, Hashable, Sendable {
    /// Bytes.
    let size: Int
    /// When its content changed, in nanoseconds since 1970; text, as JSON's numbers are too small.
    let modified: String
    /// When anything about it changed: nobody can set this back.
    let changed: String
    /// Its number on the disk.
    let inode: String

    /// Looks at a file; nil unless it is a plain one, no link.
    init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        size = Int(status.st_size)
        modified = Self.text(status.st_mtim)
        changed = Self.text(status.st_ctim)
        inode = String(status.st_ino)
    }

    private static func text(_ time: timespec) -> String {
        String(Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
