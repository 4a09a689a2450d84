public import HTTPTypes
public import NIOCore

/// One request and its response over HTTP/1.1, both streamed. Writing and reading may go on at the same time from two
/// tasks: a server may answer before it has read everything.
public struct HTTP1Exchange: Sendable {
    private let loop: any EventLoop
    private let connection: NIOLoopBound<HTTP1Connection>
    private let call: NIOLoopBound<HTTP1Call>

    init(_ loop: any EventLoop, _ connection: NIOLoopBound<HTTP1Connection>, _ call: NIOLoopBound<HTTP1Call>) {
        self.loop = loop
        self.connection = connection
        self.call = call
    }

    /// Writes a piece of request body. Suspends while the socket does not take what was written before.
    public func write(_ buffer: ByteBuffer) async throws {
        try await onLoop { connection, call, continuation in connection.write(buffer, call, continuation) }
    }

    /// Ends the request.
    public func finish() async throws {
        try await onLoop { connection, call, continuation in
            connection.finish(call)
            continuation.resume()
        }
    }

    /// Waits for the response's head.
    public func response() async throws -> HTTPResponse {
        try await onLoop { _, call, continuation in call.awaitHead(continuation) }
    }

    /// The next piece of the response's body, nil at the end. Reading is what lets the peer send more.
    public func read() async throws -> ByteBuffer? {
        try await onLoop { connection, call, continuation in
            call.read(continuation)
            connection.taken()
        }
    }

    /// The whole rest of the body, or `bodyTooLarge` beyond `limit` bytes.
    public func collect(upTo limit: Int) async throws -> ByteBuffer {
        var all = ByteBuffer()
        while let piece = try await read() {
            guard all.readableBytes + piece.readableBytes <= limit else {
                throw HTTPTransportError.bodyTooLarge(limit: limit)
            }
            all.writeImmutableBuffer(piece)
        }
        return all
    }

    /// The response's trailers, after the end of its body.
    public func trailers() async throws -> HTTPFields? {
        try await onLoop { _, call, continuation in continuation.resume(returning: call.trailers) }
    }

    /// Whether this side waits for the peer to take what was written, or holds the peer back.
    package func isHeld() async throws -> Bool {
        try await onLoop { connection, call, continuation in
            continuation.resume(returning: call.writer != nil || connection.isReadHeld)
        }
    }

    /// Gives the exchange up, unless it has ended.
    func abandon() {
        loop.execute { [connection, call] in connection.value.abandon(call.value) }
    }

    /// A cancelled task gives up the whole exchange, which resumes whoever waits for it.
    private func onLoop<R: Sendable>(
        _ body: @escaping @Sendable (HTTP1Connection, HTTP1Call, CheckedContinuation<R, any Error>) -> Void
    ) async throws -> R {
        try Task.checkCancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                loop.execute { [connection, call] in body(connection.value, call.value, continuation) }
            }
        } onCancel: {
            abandon()
        }
    }
}
