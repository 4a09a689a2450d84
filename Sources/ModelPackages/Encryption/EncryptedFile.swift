import Canonical
package import Cryptography
package import DNAProtocol
import Foundation

/// A package's file, encrypted: chunks of 1 MiB, each with its tag behind it (`ChunkCipher`).
package struct EncryptedFile: Sendable {
    /// What a pass over a file has read and written.
    package struct Pass: Hashable, Sendable {
        /// Size and SHA-256 of what was read.
        package let read: Manifest.File.Content
        /// Size and SHA-256 of what was written.
        package let written: Manifest.File.Content
    }

    private typealias Transform = (UnsafeRawBufferPointer, UInt64, Bool, UnsafeMutableRawBufferPointer) throws -> Void

    private let cipher: ChunkCipher
    /// Told how many more bytes have been read.
    package var progress: @Sendable (Int) -> Void = { _ in }

    /// The file `name` of the package that has this content key.
    package init(name: String, contentKey: SecretBytes) throws(CryptographyError) {
        cipher = try ChunkCipher(key: contentKey, context: Manifest.Encryption.fileContext, name: name)
    }

    /// Writes `target`, which must not exist, encrypted.
    package func encrypt(_ source: String, to target: String) throws -> Pass {
        try pass(source, target, pieceBytes: Manifest.Encryption.chunkBytes, growth: ChunkCipher.overhead) {
            cipher.seal($0, index: $1, isLast: $2, into: $3)
        }
    }

    /// Writes `target`, which must not exist, decrypted; others may not read it. Throws
    /// ``ModelPackageError/notDecrypted(file:)`` for a file that is not the one that was encrypted, all of it.
    package func decrypt(_ source: String, to target: String) throws -> Pass {
        let piece = Manifest.Encryption.chunkBytes + ChunkCipher.overhead
        return try pass(source, target, pieceBytes: piece, growth: -ChunkCipher.overhead) {
            do {
                try cipher.open($0, index: $1, isLast: $2, into: $3)
            } catch {
                throw ModelPackageError.notDecrypted(file: source)
            }
        }
    }

    private func pass(
        _ source: String, _ target: String, pieceBytes: Int, growth: Int, _ transform: Transform
    ) throws -> Pass {
        guard let input = FileHandle(forReadingAtPath: source) else { throw ModelPackageError.unreadable(file: source) }
        let size = try FileDigest.size(of: source)
        let output = try Self.create(target)
        var (hashes, done, total) = ((read: SHA256(), written: SHA256()), 0, 0)
        var made = [UInt8](repeating: 0, count: pieceBytes + max(growth, 0))
        let count = max(1, (size + pieceBytes - 1) / pieceBytes)
        for index in 0..<count {
            try Task.checkCancellation()
            let piece = try Self.read(min(pieceBytes, size - done), from: input, source)
            let length = piece.count + growth
            guard length >= 0 else { throw ModelPackageError.notDecrypted(file: source) }
            try piece.withUnsafeBytes { read in
                try made.withUnsafeMutableBytes { made in
                    let place = UnsafeMutableRawBufferPointer(rebasing: made[..<length])
                    try transform(read, UInt64(index), index == count - 1, place)
                    hashes.read.update(read)
                    hashes.written.update(UnsafeRawBufferPointer(place))
                }
            }
            try output.write(contentsOf: made[..<length])
            done += piece.count
            total += length
            progress(piece.count)
        }
        try output.synchronize()
        return Pass(
            read: .init(size: done, sha256: Digest(hashes.read)),
            written: .init(size: total, sha256: Digest(hashes.written)))
    }

    private static func create(_ path: String) throws -> FileHandle {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ModelPackageError.unwritable(file: path) }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Exactly so many bytes.
    private static func read(_ count: Int, from input: FileHandle, _ path: String) throws -> Data {
        var piece = Data()
        while piece.count < count {
            guard let more = try input.read(upToCount: count - piece.count), !more.isEmpty else {
                throw ModelPackageError.sizeDiffers(file: path)
            }
            piece += more
        }
        return piece
    }
}
