#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A memory-mapped GGUF file. Owns the mapping; pointers into it must not outlive the object.
public final class GGUFFile: Sendable {
    /// Metadata and tensor directory.
    public let header: GGUFHeader
    /// Size of the file in bytes.
    public let size: Int
    // Read-only memory that nobody writes, unmapped once, in deinit: safe to share.
    private nonisolated(unsafe) let base: UnsafeRawPointer

    /// Maps and parses the file. Bytes changed on disk afterwards may show through the mapping, so callers that must
    /// not be fooled check the file's digest first and keep it from being written.
    public init(path: String) throws(GGUFError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .cannotOpen(path: path, code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .cannotOpen(path: path, code: EINVAL) }
        guard status.st_size > 0 else { throw .truncated(what: "the magic number", offset: 0) }
        let size = Int(status.st_size)
        guard let mapping = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), mapping != MAP_FAILED else {
            throw .cannotOpen(path: path, code: errno)
        }
        do throws(GGUFError) {
            header = try GGUFHeader(parsing: UnsafeRawBufferPointer(start: mapping, count: size))
        } catch {
            munmap(mapping, size)
            throw error
        }
        self.size = size
        base = UnsafeRawPointer(mapping)
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: base), size) }

    /// Calls `body` with a tensor's bytes, which are valid only during the call.
    public func withBytes<R, E: Error>(
        of tensor: GGUFTensor, _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        precondition(tensor.bytes.upperBound <= size, "a tensor of another file")
        return try body(UnsafeRawBufferPointer(start: base + tensor.bytes.lowerBound, count: tensor.bytes.count))
    }
}
