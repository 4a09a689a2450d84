public import HTTPTypes
public import NIOCore

/// Answers requests. Runs on the connection's event loop until it first suspends elsewhere: never block in it.
public protocol HTTPRequestHandler: Sendable {
    /// Answers one request. An error thrown before the response has begun becomes a bare 413, 504 or 500; later it
    /// resets the stream.
    nonisolated(nonsending) func handle(_ request: HTTPServerRequest, _ response: HTTPResponseWriter) async throws
}

/// A request as a server receives it.
public struct HTTPServerRequest: Sendable {
    /// Method, path, authority and fields.
    public let head: HTTPRequest
    /// The body, as it arrives.
    public let body: HTTPBody
    /// The whole body, when it came together with the head.
    public let completeBody: ByteBuffer?
    /// The connection's channel: its addresses, its event loop.
    public let channel: any Channel
    /// Who sent it, as far as the connection tells.
    public let peer: HTTPPeer
}

/// Writes one response: `begin`, any number of `write`, `finish`.
public struct HTTPResponseWriter: Sendable {
    private let reference: HTTPStreamReference

    init(_ reference: HTTPStreamReference) {
        self.reference = reference
    }

    /// Sets status and fields. They leave with the first bytes of body, or with the end.
    public func begin(_ head: HTTPResponse) {
        reference.respond(head)
    }

    /// Writes a piece of body. Suspends while the peer does not take what was written before.
    public nonisolated(nonsending) func write(_ buffer: ByteBuffer) async throws {
        try await reference.write(buffer)
    }

    /// Ends the response, with trailers if there are any.
    public nonisolated(nonsending) func finish(_ trailers: HTTPFields? = nil) async throws {
        try await reference.finish(trailers)
    }

    /// Gives up the stream: the client sees CANCEL.
    public func cancel() {
        reference.reset(.cancel)
    }

    /// Moves this request's deadline to `duration` from now; nil removes it. For long polls and streams.
    public func setDeadline(_ duration: Duration?) {
        reference.setDeadline(duration)
    }
}
