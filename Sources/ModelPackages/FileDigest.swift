import Canonical
import Cryptography
import Foundation

/// The SHA-256 of a file, read piece by piece.
enum FileDigest {
    private static let pieceBytes = 1 << 20

    static func sha256(of path: String, expectedSize: Int, progress: (Int) -> Void) throws -> Digest {
        guard let handle = FileHandle(forReadingAtPath: path) else { throw ModelPackageError.unreadable(file: path) }
        defer { try? handle.close() }
        var hash = SHA256()
        var size = 0
        while let piece = try handle.read(upToCount: pieceBytes), !piece.isEmpty {
            size += piece.count
            guard size <= expectedSize else { throw ModelPackageError.sizeDiffers(file: path) }
            piece.withUnsafeBytes { hash.update($0) }
            progress(piece.count)
        }
        guard size == expectedSize else { throw ModelPackageError.sizeDiffers(file: path) }
        guard let digest = Digest(bytes: hash.finalize()) else { throw ModelPackageError.unreadable(file: path) }
        return digest
    }
}
