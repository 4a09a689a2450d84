import Glibc

/// A file that one process at a time holds; the kernel lets go of it when the process ends, however it ends.
final class FileLock: Sendable {
    private let descriptor: Int32

    /// Throws ``StorageError/busy(path:)`` when another process holds it.
    init(_ path: String, for target: String) throws(StorageError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw .disk(path: path, reason: lastError()) }
        // From here on the descriptor is closed by `deinit`, also when this throws.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw errno == EWOULDBLOCK ? .busy(path: target) : .disk(path: path, reason: lastError())
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }
}

func lastError() -> String { String(cString: strerror(errno)) }
