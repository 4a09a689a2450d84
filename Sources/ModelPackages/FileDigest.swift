public import Canonical
import Cryptography
import Foundation
import Glibc

/// The SHA-256 of a file, read piece by piece.
public enum FileDigest {
    private static let pieceBytes = 1 << 20

    /// Hashes a file of a known size. Throws ``ModelPackageError`` when it is not as large or cannot be read.
    ///
    /// - Parameter progress: told how many more bytes have been read.
    public static func sha256(
        of path: String, expectedSize: Int, progress: (Int) -> Void = { _ in }
    ) throws -> Digest {
        guard let handle = FileHandle(forReadingAtPath: path) else { throw ModelPackageError.unreadable(file: path) }
        defer { try? handle.close() }
        var hash = SHA256()
        var size = 0
        while let piece = try handle.read(upToCount: pieceBytes), !piece.isEmpty {
            size += piece.count
            guard size <= expectedSize else { throw ModelPackageError.sizeDiffers(file: path) }
            piece.withUnsafeBytes { hash.update($0) }
            progress(piece.count)
            try Task.checkCancellation()
        }
        guard size == expectedSize else { throw ModelPackageError.sizeDiffers(file: path) }
        return Digest(hash)
    }

    /// A file's size; follows a link.
    public static func size(of path: String) throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ModelPackageError.unreadable(file: path)
        }
        return Int(status.st_size)
    }
}
