public import HTTP2

/// Why a request or a connection failed.
public enum HTTPTransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No connection: name resolution, refusal, or an unusable peer.
    case connectFailed(origin: String, reason: String)
    /// No connection within the connect timeout.
    case connectTimedOut(origin: String)
    /// The connection ended while the request was open.
    case connectionClosed(reason: String)
    /// The peer turned the request away before processing any of it.
    case refused
    /// The peer (or this end) reset the stream.
    case streamReset(HTTP2Reason)
    /// The request's deadline passed.
    case deadlineExceeded
    /// A body exceeded its limit, bytes.
    case bodyTooLarge(limit: Int)
    /// A body came more slowly than the server waits for.
    case bodyTooSlow
    /// The server has no room for the request, or for what its client does not take.
    case overloaded
    /// A head exceeded its limits.
    case headTooLarge
    /// A write after the end of the body or of the stream.
    case writeAfterEnd
    /// A second reader or writer while the first still waits.
    case concurrentUse
    /// More requests to one origin than may wait.
    case tooManyRequests
    /// The client or server has been shut down.
    case shutDown
    /// The URL is none this client can use.
    case invalidOrigin(String)
    /// The peer spoke HTTP/1.1 where only HTTP/2 is served.
    case protocolNotServed

    /// Whether the peer certainly did not process the request, so that even a POST may be repeated.
    public var isUnprocessed: Bool {
        switch self {
        case .connectFailed, .connectTimedOut, .refused, .tooManyRequests: true
        default: false
        }
    }

    /// What happened, for logs.
    public var description: String {
        switch self {
        case .connectFailed(let origin, let reason): "cannot connect to \(origin): \(reason)"
        case .connectTimedOut(let origin): "no connection to \(origin) in time"
        case .connectionClosed(let reason): reason.isEmpty ? "connection closed" : "connection closed: \(reason)"
        case .refused: "request refused before it was processed"
        case .streamReset(let code): "stream reset: \(code)"
        case .deadlineExceeded: "deadline exceeded"
        case .bodyTooLarge(let limit): "body larger than \(limit) bytes"
        case .bodyTooSlow: "body too slow"
        case .overloaded: "no room for the request"
        case .headTooLarge: "head too large"
        case .writeAfterEnd: "write after the end of the body"
        case .concurrentUse: "two readers or two writers on one stream"
        case .tooManyRequests: "too many requests wait for this origin"
        case .shutDown: "shut down"
        case .invalidOrigin(let text): "not an http or https origin: \(text)"
        case .protocolNotServed: "HTTP/1.1 is not served here"
        }
    }
}
