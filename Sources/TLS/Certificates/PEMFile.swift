import Glibc

/// Files with certificates and keys.
public enum PEMFile {
    /// The most bytes of such a file.
    static let limit = 1 << 20

    /// The text of a file.
    public static func read(_ path: String) throws(CertificateError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file(operation: "open", path: path, code: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { break }
            guard count > 0 else { throw .file(operation: "read", path: path, code: errno) }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw .file(operation: "read", path: path, code: EFBIG) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Writes a file as a whole or not at all. A private one is readable for its owner only, from its first byte on.
    public static func write(_ text: String, to path: String, isPrivate: Bool) throws(CertificateError) {
        let draft = "\(path).\(getpid()).\(UInt32.random(in: .min ... .max))"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, isPrivate ? 0o600 : 0o644)
        guard descriptor >= 0 else { throw .file(operation: "create", path: draft, code: errno) }
        do {
            defer { close(descriptor) }
            try write(Array(text.utf8), to: descriptor, path: draft)
        } catch {
            unlink(draft)
            throw error
        }
        guard rename(draft, path) == 0 else {
            let code = errno
            unlink(draft)
            throw .file(operation: "rename", path: path, code: code)
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(CertificateError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
            guard count > 0 else { throw .file(operation: "write", path: path, code: errno) }
            written += count
        }
        guard fsync(descriptor) == 0 else { throw .file(operation: "fsync", path: path, code: errno) }
    }
}
