public import HTTPTypes
public import NIOCore
import NIOHTTP1
import NIOPosix

/// An HTTP/1.1 client, for the services of others that speak nothing else: IPFS nodes and gateways, Arweave nodes. Between
/// its own services the network speaks HTTP/2 (`HTTPClient`).
public final class HTTP1Client: Sendable {
    let options: HTTP1ClientOptions
    private let pool: HTTP1Pool

    /// A client on `group`, by default the process's own event loops. Connections open with the first request.
    public init(options: HTTP1ClientOptions = HTTP1ClientOptions(), group: (any EventLoopGroup)? = nil) {
        self.options = options
        pool = HTTP1Pool(options: options, group: group ?? MultiThreadedEventLoopGroup.singleton)
    }

    /// Sends a whole request and returns the whole response, whatever its status.
    ///
    /// - Parameters:
    ///   - repeats: whether it is sent once more, on a new connection, when its connection was closed meanwhile; by
    ///     default a GET and a HEAD are.
    ///   - deadline: from now to the response's last byte; `requestDeadline` by default.
    ///   - responseLimit: bytes of response body; `responseBodyLimit` by default.
    /// - Throws: `HTTPTransportError`, `CancellationError`.
    public func send(
        _ method: HTTPRequest.Method, _ path: String, to origin: HTTPOrigin, fields: HTTPFields = [:],
        body: ByteBuffer? = nil, deadline: Duration? = nil, responseLimit: Int? = nil, repeats: Bool? = nil
    ) async throws -> HTTPCollectedResponse {
        let end = ContinuousClock.now + (deadline ?? options.requestDeadline)
        let limit = responseLimit ?? options.responseBodyLimit
        let length = body.map { $0.readableBytes } ?? (method == .post || method == .put ? 0 : nil)
        func attempt(onNew: Bool) async throws -> HTTPCollectedResponse {
            let left = end - .now
            return try await pool.withCall(
                head(method, path, origin, fields, length: length, isStreamed: false), origin, collects: limit,
                deadline: left, stall: max(left, options.stallTimeout), onNewConnection: onNew
            ) { exchange in
                if let body, body.readableBytes > 0 { try await exchange.write(body) }
                try await exchange.finish()
                let head = try await exchange.response()
                let whole = try await exchange.read() ?? ByteBuffer()
                return HTTPCollectedResponse(head: head, body: whole, trailers: try await exchange.trailers())
            }
        }
        do {
            return try await attempt(onNew: false)
        } catch HTTPTransportError.connectionClosed where repeats ?? (method == .get || method == .head) {
            return try await attempt(onNew: true)
        } catch HTTPTransportError.refused {
            return try await attempt(onNew: true)
        }
    }

    /// Opens an exchange and runs `body` with it; what `body` leaves unfinished ends with its connection.
    ///
    /// - Parameters:
    ///   - length: bytes of request body; nil sends it in chunks.
    ///   - deadline: from now to the end of the response; none by default.
    ///   - stall: replaces `stallTimeout`, for a server that thinks for long.
    ///   - onNewConnection: takes none that served before and may be closed already.
    public func withExchange<R: Sendable>(
        _ method: HTTPRequest.Method, _ path: String, to origin: HTTPOrigin, fields: HTTPFields = [:],
        length: Int? = nil, deadline: Duration? = nil, stall: Duration? = nil, onNewConnection: Bool = false,
        _ body: (HTTP1Exchange) async throws -> R
    ) async throws -> R {
        try await pool.withCall(
            head(method, path, origin, fields, length: length, isStreamed: true), origin, collects: nil,
            deadline: deadline, stall: stall ?? options.stallTimeout, onNewConnection: onNewConnection, body)
    }

    /// Closes the connections. Requests that are open fail.
    public func shutdown() async {
        await pool.shutDown()
    }

    private func head(
        _ method: HTTPRequest.Method, _ path: String, _ origin: HTTPOrigin, _ fields: HTTPFields, length: Int?,
        isStreamed: Bool
    ) -> HTTPRequestHead {
        var headers = HTTPHeaders()
        let isUsual = origin.port == (origin.isSecure ? 443 : 80)
        let host = origin.host.contains(":") ? "[\(origin.host)]" : origin.host
        headers.add(name: "Host", value: isUsual ? host : "\(host):\(origin.port)")
        if let length {
            headers.add(name: "Content-Length", value: String(length))
        } else if isStreamed, method == .post || method == .put {
            headers.add(name: "Transfer-Encoding", value: "chunked")
        }
        for field in fields { headers.add(name: field.name.rawName, value: field.value) }
        return HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: method.rawValue), uri: path, headers: headers)
    }
}
