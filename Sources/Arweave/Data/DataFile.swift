import Glibc

/// A file whose chunks are hashed and sent: open once, read at any place, by any thread.
public final class DataFile: Sendable {
    /// Its name, for errors.
    public let path: String
    /// Its bytes when it was opened.
    public let size: Int
    private let descriptor: Int32

    /// Throws ``ArweaveError/system(operation:path:code:)``.
    public init(path: String) throws(ArweaveError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        var status = stat()
        let result = fstat(descriptor, &status)
        size = Int(status.st_size)
        guard result == 0 else { throw .system(operation: "fstat", path: path, code: errno) }
    }

    deinit {
        close(descriptor)
    }

    /// Fills memory with the bytes from `offset` on. Throws ``ArweaveError/otherSize(expected:actual:)`` when the file has
    /// become shorter.
    public func read(into memory: UnsafeMutableRawBufferPointer, at offset: Int) throws(ArweaveError) {
        var done = 0
        while done < memory.count {
            let count = pread(descriptor, memory.baseAddress! + done, memory.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(operation: "read", path: path, code: errno) }
            guard count > 0 else { throw .otherSize(expected: size, actual: offset + done) }
            done += count
        }
    }

    /// The bytes of a range.
    public func read(_ range: Range<Int>) throws(ArweaveError) -> [UInt8] {
        if range.isEmpty { return [] }
        var failure: ArweaveError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            let memory = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<range.count])
            do throws(ArweaveError) {
                try read(into: memory, at: range.lowerBound)
                count = range.count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Hashes the whole file, holding one chunk of it in memory.
    /// - Parameter progress: hears how many bytes are done; throws to give up.
    public func tree(progress: (Int) throws -> Void = { _ in }) throws -> DataTree {
        let plan = try ChunkPlan(size: size)
        var builder = DataTree.Builder(plan)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: ChunkPlan.largestChunk, alignment: 16)
        defer { memory.deallocate() }
        for index in 0..<plan.filledCount {
            let range = plan.range(index)
            let part = UnsafeMutableRawBufferPointer(rebasing: memory[..<range.count])
            try read(into: part, at: range.lowerBound)
            try builder.update(UnsafeRawBufferPointer(part))
            try progress(range.upperBound)
        }
        return try builder.finish()
    }
}
