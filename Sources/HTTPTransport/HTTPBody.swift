public import NIOCore

/// A message's body as it arrives. Reading it is what lets the peer send more; read it once, from one task.
public struct HTTPBody: AsyncSequence, Sendable {
    /// A piece of body.
    public typealias Element = ByteBuffer

    private let reference: HTTPStreamReference

    init(_ reference: HTTPStreamReference) {
        self.reference = reference
    }

    /// Reads the pieces one after the other.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        fileprivate let reference: HTTPStreamReference

        /// The next piece, nil at the end. Throws `HTTPTransportError`.
        public mutating func next() async throws -> ByteBuffer? {
            try await reference.read()
        }
    }

    /// An iterator over the pieces not yet read.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(reference: reference)
    }

    /// The whole rest, or `bodyTooLarge` beyond `limit` bytes.
    public func collect(upTo limit: Int) async throws -> ByteBuffer {
        var all = ByteBuffer()
        while var piece = try await reference.read() {
            guard all.readableBytes + piece.readableBytes <= limit else {
                throw HTTPTransportError.bodyTooLarge(limit: limit)
            }
            all.writeBuffer(&piece)
        }
        return all
    }
}
