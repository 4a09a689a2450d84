public import HTTPTransport
public import Hummingbird
public import Logging
public import NIOCore

/// Where a request came from.
public struct ServiceContextSource: RequestContextSource {
    /// The connection.
    public let channel: any Channel
    /// The service's logger.
    public let logger: Logger
    let requestID: String
    let peer: HTTPPeer
    let setDeadline: @Sendable (Duration?) -> Void
}

/// What a handler knows beside the request itself.
public struct ServiceContext: RequestContext {
    /// Where the request came from.
    public typealias Source = ServiceContextSource

    /// Hummingbird's own part.
    public var coreContext: CoreRequestContextStorage
    /// Names this request in logs and in the response's `x-request-id`.
    public let requestID: String
    /// The connection; its remote address is the client's.
    public let channel: any Channel
    /// Who calls, as far as the connection tells.
    public let connectionPeer: HTTPPeer
    private let serviceLogger: Logger
    private let moveDeadline: @Sendable (Duration?) -> Void

    /// A context for one request.
    public init(source: ServiceContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        requestID = source.requestID
        channel = source.channel
        connectionPeer = source.peer
        serviceLogger = source.logger
        moveDeadline = source.setDeadline
    }

    /// The service's logger with this request's id. Made only when asked for: most requests log nothing.
    public var logger: Logger {
        var logger = serviceLogger
        logger[metadataKey: "request_id"] = .string(requestID)
        return logger
    }

    /// For Hummingbird's own errors only, whose text is left out: `HTTPService` makes problems of them. Routes answer
    /// JSON with `Response.json`.
    public var responseEncoder: ErrorTextEncoder { ErrorTextEncoder() }

    /// Moves this request's deadline to `duration` from now; nil removes it. For long polls.
    public func setDeadline(_ duration: Duration?) {
        moveDeadline(duration)
    }
}

/// Encodes nothing: an error keeps its status, which Hummingbird sets afterwards; any other value becomes a bare 500.
public struct ErrorTextEncoder: ResponseEncoder {
    /// A bare error.
    public func encode(_ value: some Encodable, from request: Request, context: some RequestContext) throws -> Response
    {
        Response(status: .internalServerError)
    }
}
