import Canonical
import Cryptography
import Kernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file of packed weights: a header that says what it holds, with the digest of all that follows, then the matrices as
/// they lie in memory. What is not exactly as it should be is made anew.
struct PackedFile {
    private let path: String
    private let folder: String
    private let source: Digest
    private let byteCount: Int

    /// Changes with every change of how matrices are packed or laid out.
    private static let version = 1
    /// How long another process may take to make the file.
    private static let patience = Duration.seconds(300)

    init(_ shared: SharedWeights, byteCount: Int) {
        folder = shared.folder
        path = "\(shared.folder)/\(shared.digest.hex).packed"
        source = shared.digest
        self.byteCount = byteCount
    }

    /// Maps the file. If it is not there, `pack` fills memory that is written to it first, by one process at a time.
    func open(
        pack: (MemoryRegion) throws(ModelError) -> Void
    ) throws(EngineError) -> MemoryRegion {
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw failure("has a folder that cannot be made") }
        let lock = try locked()
        defer { close(lock) }
        if let region = mapped() { return region }
        guard let memory = MemoryRegion(byteCount: byteCount) else { throw .cannotReserveWeights(bytes: byteCount) }
        try EngineError.ofModel { () throws(ModelError) in try pack(memory) }
        try write(memory)
        guard let region = mapped() else { throw failure("does not hold what was written to it") }
        return region
    }

    private func failure(_ reason: String) -> EngineError { .sharedWeights(path: path, reason: reason, code: errno) }

    /// An open file that no other process has locked.
    private func locked() throws(EngineError) -> Int32 {
        let lock = Self.open(path + ".lock", O_RDWR | O_CREAT)
        guard lock >= 0 else { throw failure("cannot be locked") }
        let clock = ContinuousClock()
        let deadline = clock.now + Self.patience
        while flock(lock, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR, clock.now < deadline else {
                defer { close(lock) }
                throw failure("is locked by another process")
            }
            usleep(10_000)
        }
        return lock
    }

    private static func open(_ path: String, _ flags: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
        #else
            Darwin.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
        #endif
    }

    /// Nil when the file is missing, somebody else's, or not what it should be.
    private func mapped() -> MemoryRegion? {
        let file = Self.open(path, O_RDONLY)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o022 == 0,
            status.st_uid == geteuid(), Int(status.st_size) == byteCount,
            let region = MemoryRegion(reading: file, byteCount: byteCount)
        else {
            return nil
        }
        return region.bytes.starts(with: header(of: region)) ? region : nil
    }

    /// Under another name first, so that a file with the right name is whole.
    private func write(_ memory: MemoryRegion) throws(EngineError) {
        memory.base.copyMemory(from: header(of: memory), byteCount: PackedLayout.headerBytes)
        let partial = path + ".partial"
        let file = Self.open(partial, O_WRONLY | O_CREAT | O_TRUNC)
        guard file >= 0 else { throw failure("cannot be written") }
        defer { close(file) }
        var written = 0
        while written < byteCount {
            #if canImport(Glibc)
                let count = Glibc.write(file, memory.base + written, byteCount - written)
            #else
                let count = Darwin.write(file, memory.base + written, byteCount - written)
            #endif
            guard count > 0 || errno == EINTR else { throw failure("cannot be written") }
            written += max(count, 0)
        }
        guard rename(partial, path) == 0 else { throw failure("cannot be renamed") }
    }

    /// The header that the bytes after it need.
    private func header(of region: MemoryRegion) -> [UInt8] {
        var hash = SHA256()
        hash.update(UnsafeRawBufferPointer(rebasing: region.bytes[PackedLayout.headerBytes...]))
        let data = Hexadecimal.encode(hash.finalize())
        let text = """
            dna packed weights \(Self.version)
            source \(source.hex)
            bytes \(byteCount)
            data \(data)

            """
        var header = Array(text.utf8)
        header += Array(repeating: 0, count: PackedLayout.headerBytes - header.count)
        return header
    }
}
