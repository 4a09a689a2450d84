public import HTTP2

/// How one connection behaves, on either side.
public struct HTTPConnectionOptions: Sendable {
    /// What the peer is granted.
    public var http2 = HTTP2Limits()
    /// Bytes a stream may hold before its writer is suspended; it resumes below half of it.
    public var writeHighWaterMark = 64 * 1024
    /// Handlers that may run at once, those whose stream is gone included; one more request is refused.
    public var runningHandlers = 256
    /// Silence with open streams after which a PING asks whether the peer is there.
    public var keepAliveInterval: Duration = .seconds(20)
    /// How long that PING may take.
    public var keepAliveTimeout: Duration = .seconds(10)
    /// Time without streams after which the connection is closed, whatever else the peer says meanwhile.
    public var idleTimeout: Duration = .seconds(300)
    /// How long a peer may take no byte of what waits for it: the stream is reset, or the connection closed when none of
    /// its bytes leave.
    public var stallTimeout: Duration = .seconds(30)
    /// How long open streams may take to end after a shutdown began.
    public var drainTimeout: Duration = .seconds(10)
    /// How long an early answer waits for the client to stop uploading: some clients lose an answer that is
    /// followed by RST_STREAM at once (RFC 9113, section 8.1 allows the reset).
    public var earlyAnswerGrace: Duration = .seconds(1)
    /// Bytes of such an upload that are read and thrown away.
    public var earlyAnswerDiscard = 1 << 20

    /// The numbers above.
    public init() {}
}
