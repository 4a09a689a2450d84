import HTTP2
import HTTPTypes
import NIOCore

/// A body on its way out: what was written and not sent yet. The writer stops at the high-water mark.
struct OutboundBody {
    private var chunks = CircularBuffer<ByteBuffer>()
    private(set) var pendingBytes = 0
    private(set) var hasEnded = false
    private var trailers: HTTPFields?

    mutating func append(_ buffer: ByteBuffer) {
        guard buffer.readableBytes > 0 else { return }
        chunks.append(buffer)
        pendingBytes += buffer.readableBytes
    }

    mutating func end(_ trailers: HTTPFields?) {
        hasEnded = true
        self.trailers = trailers
    }

    mutating func discard() {
        chunks.removeAll()
        pendingBytes = 0
    }

    mutating func fill(_ target: UnsafeMutableRawBufferPointer) -> HTTP2BodyFill {
        var filled = 0
        while filled < target.count, !chunks.isEmpty {
            let first = chunks.startIndex
            let count = min(target.count - filled, chunks[first].readableBytes)
            chunks[first].readWithUnsafeReadableBytes { bytes in
                target[filled..<filled + count].copyBytes(from: bytes[..<count])
                return count
            }
            filled += count
            if chunks[first].readableBytes == 0 { chunks.removeFirst() }
        }
        pendingBytes -= filled
        if chunks.isEmpty, hasEnded { return .last(filled, trailers: trailers.map(HTTP2HeaderBlock.init)) }
        return filled == 0 ? .pending : .partial(filled)
    }
}
