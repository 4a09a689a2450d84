public import HTTPTypes
public import Logging
public import NIOCore
import NIOPosix

/// An HTTP/2 client: requests to one origin share a few connections, which reconnect by themselves.
public final class HTTPClient: Sendable {
    private let pool: ConnectionPool
    private let options: HTTPClientOptions

    /// A client on `group`, by default the process's own event loops. Connections open with the first request.
    public init(
        options: HTTPClientOptions = HTTPClientOptions(), group: (any EventLoopGroup)? = nil,
        logger: Logger = Logger(label: "http-client")
    ) {
        self.options = options
        pool = ConnectionPool(
            options: options, group: group ?? MultiThreadedEventLoopGroup.singleton, logger: logger)
    }

    /// Sends a whole request and returns the whole response, whatever its status.
    ///
    /// A request that the peer certainly did not process is sent once more. Cancelling the task resets the stream.
    /// - Parameters:
    ///   - deadline: from now to the response's last byte; `requestDeadline` by default.
    ///   - responseLimit: bytes of response body; `responseBodyLimit` by default.
    /// - Throws: `HTTPTransportError`, `CancellationError`.
    public func send(
        _ method: HTTPRequest.Method, _ path: String, to origin: HTTPOrigin, fields: HTTPFields = [:],
        body: ByteBuffer? = nil, deadline: Duration? = nil, responseLimit: Int? = nil
    ) async throws -> HTTPCollectedResponse {
        let request = request(method, path, origin, fields, body)
        let end = ContinuousClock.now + (deadline ?? options.requestDeadline)
        let limit = responseLimit ?? options.responseBodyLimit
        let attempt = {
            try await self.pool.withConnection(to: origin) { connection in
                // Connecting has taken its share of the time.
                try await connection.send(request, body: body, deadline: end - .now, limit: limit)
            }
        }
        do {
            return try await attempt()
        } catch HTTPTransportError.refused {
            return try await attempt()
        }
    }

    private func request(
        _ method: HTTPRequest.Method, _ path: String, _ origin: HTTPOrigin, _ fields: HTTPFields, _ body: ByteBuffer?
    ) -> HTTPRequest {
        var request = HTTPRequest(
            method: method, scheme: origin.scheme, authority: origin.authority, path: path, headerFields: fields)
        if let body { request.headerFields[.contentLength] = String(body.readableBytes) }
        return request
    }

    /// Opens a stream, runs `body` with it, and resets what `body` leaves unfinished.
    ///
    /// - Parameter deadline: from now to the end of the stream; none by default.
    public func withExchange<R: Sendable>(
        _ method: HTTPRequest.Method, _ path: String, to origin: HTTPOrigin, fields: HTTPFields = [:],
        deadline: Duration? = nil, _ body: (HTTPExchange) async throws -> R
    ) async throws -> R {
        let request = request(method, path, origin, fields, nil)
        return try await pool.withConnection(to: origin) { connection in
            let exchange = HTTPExchange(try await connection.open(request, deadline: deadline))
            defer { exchange.cancel() }
            return try await body(exchange)
        }
    }

    /// Lets the open requests end and closes their connections; later requests open new ones, with the certificate of
    /// that time. For a client that was nobody before and is somebody now: a connection keeps who opened it.
    public func renewConnections() async {
        await pool.renew()
    }

    /// Takes no more requests, lets the open ones end, closes the connections.
    public func shutdown() async {
        await pool.shutDown()
    }
}
