/// What a client needs to know.
public struct HTTPClientOptions: Sendable {
    /// How each connection behaves.
    public var connection = HTTPConnectionOptions()
    /// Name resolution, TCP and the peer's SETTINGS together.
    public var connectTimeout: Duration = .seconds(5)
    /// A request's deadline when its caller names none.
    public var requestDeadline: Duration = .seconds(30)
    /// Bytes of a collected response when its caller names no limit.
    public var responseBodyLimit = 16 << 20
    /// Connections per origin; a second is opened when the first has as many streams as its peer allows.
    public var connectionsPerOrigin = 4
    /// Requests that may be open or wait on one connection beyond what its peer allows.
    public var queuedRequests = 1_000
    /// TLS for every connection, and `https` origins only: nothing leaves in the clear by mistake. Nil for `http`.
    public var tls: HTTPTLSOptions?

    /// The numbers above.
    public init() {}
}
