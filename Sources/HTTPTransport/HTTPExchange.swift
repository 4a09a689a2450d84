public import HTTPTypes
public import NIOCore

/// One request and its response, both streamed. Writing and reading may go on at the same time from two tasks.
public struct HTTPExchange: Sendable {
    private let reference: HTTPStreamReference

    init(_ reference: HTTPStreamReference) {
        self.reference = reference
    }

    /// Writes a piece of request body. Suspends while the peer does not take what was written before.
    public func write(_ buffer: ByteBuffer) async throws {
        try await reference.write(buffer)
    }

    /// Ends the request, with trailers if there are any.
    public func finish(_ trailers: HTTPFields? = nil) async throws {
        try await reference.finish(trailers)
    }

    /// Waits for the response's head.
    public func response() async throws -> HTTPResponse {
        try await reference.responseHead()
    }

    /// The response's body, as it arrives.
    public var body: HTTPBody { HTTPBody(reference) }

    /// The response's trailers, after the end of its body.
    public func trailers() async throws -> HTTPFields? {
        try await reference.trailers()
    }

    /// Resets the stream with CANCEL, unless it has ended.
    public func cancel() {
        reference.reset(.cancel)
    }
}
