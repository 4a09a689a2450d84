/// Why the session did not take an action.
public enum HTTP2SessionError: Error, Hashable, Sendable {
    /// The connection is shutting down or failed: no new streams.
    case closing
    /// All 2^30 stream numbers of this connection are used up.
    case streamsExhausted
    /// The stream is not open, or has its answer already.
    case invalidStream
    /// nghttp2 said no, with its own code.
    case rejected(code: Int32)
}
