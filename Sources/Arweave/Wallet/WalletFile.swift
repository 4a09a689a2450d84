import Cryptography
import Glibc

extension Wallet {
    /// Larger files are no wallets.
    private static let fileLimit = 64 << 10

    /// Reads a wallet's file, which nobody else may be able to read.
    ///
    /// Throws ``ArweaveError/looseWallet(path:)``, ``ArweaveError/malformedWallet(reason:)`` or
    /// ``ArweaveError/system(operation:path:code:)``.
    public convenience init(path: String) throws(ArweaveError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(operation: "fstat", path: path, code: errno) }
        guard status.st_mode & 0o077 == 0, status.st_uid == geteuid() else { throw .looseWallet(path: path) }
        guard Int(status.st_size) <= Self.fileLimit else { throw .malformedWallet(reason: "the file is too large") }
        try self.init(
            jwk: SecretBytes(count: Int(status.st_size)) { buffer throws(ArweaveError) in
                var done = 0
                while done < buffer.count {
                    let count = Glibc.read(descriptor, buffer.baseAddress! + done, buffer.count - done)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { throw .system(operation: "read", path: path, code: errno) }
                    done += count
                }
            })
    }

    /// Writes the wallet to a new file that only this user can read; it is on the disk when this returns. A file that is
    /// there is never replaced: it may hold money.
    public func write(to path: String) throws {
        let text = try jwk()
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ArweaveError.system(operation: "create", path: path, code: errno) }
        defer { close(descriptor) }
        try text.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw ArweaveError.system(operation: "write", path: path, code: errno) }
                done += count
            }
        }
        guard fsync(descriptor) == 0 else {
            throw ArweaveError.system(operation: "fsync", path: path, code: errno)
        }
    }
}
