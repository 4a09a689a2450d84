import Cryptography
import DNAProtocol
import Glibc

/// A file on its way from a mirror: its length is how much of it has come.
struct MirrorFile: Sendable {
    let file: Manifest.File
    let path: String

    init(_ file: Manifest.File, path: String) {
        self.file = file
        self.path = path
    }

    /// How many bytes have come. What is longer than it may be counts for nothing.
    func present() throws(StorageError) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT else { throw .disk(path: path, reason: lastError()) }
            return 0
        }
        guard Int(status.st_size) <= file.size else {
            try discard()
            return 0
        }
        return Int(status.st_size)
    }

    /// Forgets what has come.
    func discard() throws(StorageError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .disk(path: path, reason: lastError()) }
    }

    /// Whether the file is the one the manifest describes.
    func isRight() throws(StorageError) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .disk(path: path, reason: lastError()) }
        defer { close(descriptor) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        var hash = SHA256()
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .disk(path: path, reason: lastError()) }
            if count == 0 { return hash.finalize() == file.sha256.bytes }
            hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Takes bytes from a place on.
    func writer(from start: Int) throws(StorageError) -> Writer { try Writer(self, from: start) }

    /// The one owner of a descriptor for writing.
    final class Writer: Sendable {
        private let file: MirrorFile
        private let descriptor: Int32

        fileprivate init(_ file: MirrorFile, from start: Int) throws(StorageError) {
            self.file = file
            descriptor = open(file.path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_APPEND, 0o644)
            guard descriptor >= 0, ftruncate(descriptor, off_t(start)) == 0 else {
                throw .disk(path: file.path, reason: lastError())
            }
        }

        deinit {
            if descriptor >= 0 { close(descriptor) }
        }

        /// Takes more.
        ///
        /// - Returns: false when it is more than the file may have; then nothing is taken.
        func append(_ bytes: UnsafeRawBufferPointer) throws(StorageError) -> Bool {
            guard bytes.count <= file.file.size - Int(lseek(descriptor, 0, SEEK_END)) else { return false }
            guard writeAll(bytes, to: descriptor) else { throw .disk(path: file.path, reason: lastError()) }
            return true
        }

        /// Puts it on the disk.
        func finish() throws(StorageError) {
            guard fsync(descriptor) == 0 else { throw .disk(path: file.path, reason: lastError()) }
        }
    }
}
