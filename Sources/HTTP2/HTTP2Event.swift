/// What a session made of the bytes it received. The application acts on events after `receive` has returned.
public enum HTTP2Event: Hashable, Sendable {
    /// A request (server) or final response (client) began; `endStream` says that no body follows.
    case headReceived(HTTP2StreamID, HTTP2Head, endStream: Bool)
    /// A head exceeded `headerListSize` or `headerFields`; nothing of it was kept. A server answers 431.
    case headTooLarge(HTTP2StreamID)
    /// A piece of body. Its bytes count against the stream's window until `consume`.
    case dataReceived(HTTP2StreamID, [UInt8])
    /// Trailers; they end the peer's half of the stream.
    case trailersReceived(HTTP2StreamID, [HTTP2Field])
    /// The peer's half of the stream ended with its body.
    case inboundEnded(HTTP2StreamID)
    /// The whole answer was sent while the client still uploads (server only).
    case answeredEarly(HTTP2StreamID)
    /// The stream is gone; `noError` after a normal end.
    case streamClosed(HTTP2StreamID, HTTP2Reason)
    /// The peer's SETTINGS arrived.
    case settingsReceived
    /// The peer acknowledged the PING with this payload.
    case pingAcknowledged(UInt64)
    /// The peer is shutting down; streams above `lastStream` were not processed and close with REFUSED_STREAM.
    case goAwayReceived(lastStream: HTTP2StreamID, HTTP2Reason)
    /// The connection cannot go on. Send what is pending (a GOAWAY), then close.
    case connectionFailed(HTTP2Reason, reason: String)
}
