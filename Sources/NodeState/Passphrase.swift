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
        var count = 0
        // A pipe may give it in pieces.
        while count < bytes.count {
            let piece = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress! + count, $0.count - count)
            }
            if piece < 0, errno == EINTR { continue }
            guard piece >= 0 else { throw StateError.cannotRead(path, errno) }
            if piece == 0 { break }
            count += piece
        }
        guard count > 0, count <= maximumBytes else { throw StateError.damaged(path) }
        let end = bytes[count - 1] == 0x0A ? count - 1 : count
        guard end > 0 else { throw StateError.damaged(path) }
        return SecretBytes(taking: &bytes).slice(0..<end)
    }

    /// Writes a random passphrase of 64 hexadecimal digits, mode 0600. Refuses to replace a file.
    public static func create(path: String) throws(StateError) {
        let line = Array((Hexadecimal.encode(SystemRandom.bytes(count: 32)) + "\n").utf8)
        try StateFile.create(path, line)
        try StateFile.synchronizeFolder(StateFile.folder(of: path))
    }
}
