public import Cryptography
import Foundation

/// The passphrase that seals a node's keys, read from a file that only its owner may read.
public enum Passphrase {
    private static let maximumBytes = 1_024

    /// Reads a passphrase, without its final newline, into secret memory.
    ///
    /// Refuses an empty file, one over 1,024 bytes, and one that others may read.
    public static func read(path: String) throws(StateError) -> SecretBytes {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StateError.cannotRead(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw StateError.cannotRead(path, errno) }
        guard status.st_mode & 0o077 == 0 else { throw StateError.readableByOthers(path) }
        var bytes = [UInt8](repeating: 0, count: maximumBytes + 1)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0, count <= maximumBytes else { throw StateError.damaged(path) }
        let end = bytes[count - 1] == 0x0A ? count - 1 : count
        guard end > 0 else { throw StateError.damaged(path) }
        return SecretBytes(taking: &bytes).slice(0..<end)
    }

    /// Writes a random passphrase of 64 hexadecimal digits, mode 0600. Refuses to replace a file.
    public static func create(path: String) throws(StateError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StateError.cannotWrite(path, errno) }
        defer { close(descriptor) }
        let line = Array((Hexadecimal.encode(SystemRandom.bytes(count: 32)) + "\n").utf8)
        guard write(descriptor, line, line.count) == line.count, fsync(descriptor) == 0 else {
            throw StateError.cannotWrite(path, errno)
        }
    }
}
