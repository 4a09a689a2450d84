import HTTP2
import HTTPTypes
import NIOCore

/// A body on its way out: what was written and not sent yet. The writer stops at the high-water mark.
struct OutboundBody {
    private var chunks = ChunkQueue()
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
        chunks = ChunkQueue()
        pendingBytes = 0
    }

    mutating func fill(_ target: UnsafeMutableRawBufferPointer) -> HTTP2BodyFill {
        var filled = 0
        while filled < target.count,
            let count = chunks.read(into: UnsafeMutableRawBufferPointer(rebasing: target[filled...]))
        {
            filled += count
        }
        pendingBytes -= filled
        if chunks.isEmpty, hasEnded { return .last(filled, trailers: trailers.map(HTTP2HeaderBlock.init)) }
        return filled == 0 ? .pending : .partial(filled)
    }
}
