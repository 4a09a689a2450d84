/// What a client of HTTP/1.1 needs to know.
public struct HTTP1ClientOptions: Sendable {
    /// Name resolution and TCP together.
    public var connectTimeout: Duration = .seconds(10)
    /// A whole exchange, when its caller names no deadline for `send`.
    public var requestDeadline: Duration = .seconds(30)
    /// Time in which no byte comes and none of what was written leaves, while neither waits for this side.
    public var stallTimeout: Duration = .seconds(30)
    /// Bytes of a collected response when its caller names no limit.
    public var responseBodyLimit = 16 << 20
    /// Bytes of a response's fields, or of its trailers.
    public var fieldBytes = 64 << 10
    /// Fields of a response.
    public var fieldCount = 128
    /// Bytes of a streamed response that wait to be read; above it nothing is taken from the socket.
    public var readAhead = 1 << 20
    /// Bytes written and not sent yet; above it a writer is suspended.
    public var writeHighWaterMark = 1 << 20
    /// Connections to one origin; one more request is refused.
    public var connectionsPerOrigin = 64
    /// How long a connection is kept for the next request.
    public var idleTimeout: Duration = .seconds(30)
    /// TLS for `https` origins; nil trusts the system's authorities.
    public var tls: HTTPTLSOptions?

    /// The numbers above.
    public init() {}
}
