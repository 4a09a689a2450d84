import Glibc

/// A lock of one package of a cache, which many may share or one may have; the kernel lets go of it when the process
/// ends, however it ends. Its file stays when the package goes: who waits must not wait for a file without a name.
final class CacheLock: Sendable {
    enum Mode {
        /// The package is used.
        case shared
        /// The package is fetched or removed.
        case exclusive
    }

    private let path: String
    private let descriptor: Int32

    /// Opens the lock, held by nobody.
    init(_ path: String) throws(StorageError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .disk(path: path, reason: lastError()) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Takes it unless somebody else has it. What was held before is lost if so.
    func tryTake(_ mode: Mode) throws(StorageError) -> Bool {
        while flock(descriptor, (mode == .shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            guard errno == EWOULDBLOCK else { throw .disk(path: path, reason: lastError()) }
            return false
        }
        return true
    }

    /// Takes it, however long others have it. Not by waiting in the kernel, where no task can be cancelled.
    func take(_ mode: Mode, waiting: () -> Void) async throws {
        while try !tryTake(mode) {
            waiting()
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Lets go of it.
    func release() { flock(descriptor, LOCK_UN) }

    /// Says that the package was used now.
    func touch() throws(StorageError) {
        guard futimens(descriptor, nil) == 0 else { throw .disk(path: path, reason: lastError()) }
    }
}
