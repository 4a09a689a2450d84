import Glibc

/// A file on disk and what tells whether it is still the same.
public struct FileSource: Hashable, Sendable {
    /// Its path.
    public let location: String
    /// Bytes.
    public let size: Int
    private let modified: Int64
    private let inode: UInt64

    /// Looks at a file; follows a link.
    init(_ location: String) throws(ImportError) {
        var status = stat()
        guard stat(location, &status) == 0 else { throw .unreadable(path: location, reason: lastError()) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: location) }
        self.init(location, status)
    }

    private init(_ location: String, _ status: stat) {
        self.location = location
        size = Int(status.st_size)
        modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
        inode = UInt64(status.st_ino)
    }

    /// How many pieces of `bytes` it has; an empty file has one.
    func chunkCount(of bytes: Int) -> Int { max(1, (size + bytes - 1) / bytes) }

    /// How many bytes a piece has.
    func byteCount(of index: Int, of bytes: Int) -> Int { min(bytes, size - index * bytes) }

    /// Reads a piece into a buffer of its size.
    func read(_ index: Int, of bytes: Int, into buffer: UnsafeMutableRawBufferPointer) throws(ImportError) {
        try open().read(buffer, at: index * bytes)
    }

    /// Reads a piece.
    func chunk(_ index: Int, of bytes: Int) throws(ImportError) -> [UInt8] {
        let count = byteCount(of: index, of: bytes)
        guard count > 0 else { return [] }
        var failure: ImportError?
        let chunk = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(ImportError) {
                try read(index, of: bytes, into: UnsafeMutableRawBufferPointer(buffer))
                filled = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return chunk
    }

    /// Opens it, if it is still the same.
    func open() throws(ImportError) -> OpenFile {
        let file = try OpenFile(location)
        try check(file)
        return file
    }

    /// Compares size, time and place with what they were.
    func check(_ file: borrowing OpenFile) throws(ImportError) {
        var status = stat()
        guard fstat(file.descriptor, &status) == 0 else { throw .unreadable(path: location, reason: lastError()) }
        guard FileSource(location, status) == self else { throw .changed(path: location) }
    }
}

/// The one owner of a descriptor for reading.
final class OpenFile: Sendable {
    let descriptor: Int32
    private let location: String

    init(_ location: String) throws(ImportError) {
        descriptor = Glibc.open(location, O_RDONLY | O_CLOEXEC)
        self.location = location
        guard descriptor >= 0 else { throw .unreadable(path: location, reason: lastError()) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Fills `buffer` from `offset` on.
    func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(ImportError) {
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(path: location, reason: lastError()) }
            guard count > 0 else { throw .changed(path: location) }
            done += count
        }
    }
}

func lastError() -> String { String(cString: strerror(errno)) }
