import NIOCore

/// Pieces of a body in their order. Most bodies are one piece or none, so the first one needs no queue.
struct ChunkQueue {
    private var first: ByteBuffer?
    private var rest: CircularBuffer<ByteBuffer>?

    var isEmpty: Bool { first == nil }

    mutating func append(_ chunk: ByteBuffer) {
        if first == nil {
            first = chunk
        } else if rest == nil {
            rest = [chunk]
        } else {
            rest?.append(chunk)
        }
    }

    /// Adds to the last piece if it stays within `limit` bytes; false otherwise.
    mutating func extendLast(_ bytes: [UInt8], upTo limit: Int) -> Bool {
        guard let size = (rest?.last ?? first)?.readableBytes, size + bytes.count <= limit else { return false }
        if let last = rest?.indices.last {
            rest?[last].writeBytes(bytes)
        } else {
            first?.writeBytes(bytes)
        }
        return true
    }

    mutating func popFirst() -> ByteBuffer? {
        defer { first = rest?.popFirst() }
        return first
    }

    /// Moves bytes of the first piece into `target`; nil when there is none.
    mutating func read(into target: UnsafeMutableRawBufferPointer) -> Int? {
        guard let size = first?.readableBytes else { return nil }
        let count = min(size, target.count)
        first?.readWithUnsafeReadableBytes { bytes in
            target.copyBytes(from: bytes[..<count])
            return count
        }
        if count == size { first = rest?.popFirst() }
        return count
    }
}
