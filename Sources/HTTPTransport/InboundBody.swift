import NIOCore

/// A body on its way in: what has arrived and was not read yet. Bounded by the stream's flow-control window.
struct InboundBody {
    enum Next {
        case chunk(ByteBuffer)
        case ended
        case failed(HTTPTransportError)
        case pending
    }

    /// Small pieces are merged up to this size, so that a peer sending single bytes costs no buffer for each.
    private static let mergeSize = 4 * 1024

    private var chunks = ChunkQueue()
    private(set) var received = 0
    private(set) var hasEnded = false
    private var failure: HTTPTransportError?

    /// Whether everything that has arrived was read.
    var isEmpty: Bool { chunks.isEmpty }

    mutating func append(_ bytes: [UInt8]) {
        received += bytes.count
        guard failure == nil else { return }
        if !chunks.extendLast(bytes, upTo: Self.mergeSize) { chunks.append(ByteBuffer(bytes: bytes)) }
    }

    mutating func end() {
        hasEnded = true
    }

    /// Nobody reads what has arrived, or what still comes: it is dropped.
    mutating func fail(_ error: HTTPTransportError) {
        guard !hasEnded, failure == nil else { return }
        failure = error
        chunks = ChunkQueue()
    }

    mutating func next() -> Next {
        if let failure { return .failed(failure) }
        if let chunk = chunks.popFirst() { return .chunk(chunk) }
        return hasEnded ? .ended : .pending
    }

    /// Everything that has arrived, as one buffer.
    mutating func takeAll() -> ByteBuffer {
        var all = chunks.popFirst() ?? ByteBuffer()
        while var chunk = chunks.popFirst() { all.writeBuffer(&chunk) }
        return all
    }
}
