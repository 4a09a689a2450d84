import Glibc

/// A file that one process at a time holds; the kernel lets go of it when the process ends, however it ends.
final class FileLock: Sendable {
    private let descriptor: Int32

    /// Throws ``StorageError/busy(path:)`` when another process holds it.
    init(_ path: String, for target: String) throws(StorageError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw .disk(path: path, reason: lastError()) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            close(descriptor)
            throw isHeld ? .busy(path: target) : .disk(path: path, reason: lastError())
        }
    }

    deinit { close(descriptor) }
}

func lastError() -> String { String(cString: strerror(errno)) }
