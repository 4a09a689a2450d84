public import HTTPTransport
import HTTPTypes
import NIOCore

/// A node reached by HTTP/1.1.
public struct HTTPNodeLink: NodeLink {
    /// The longest pause that a node can ask for in a `Retry-After` field, in seconds.
    private static let longestPause = 86_400

    /// The origin.
    public var name: String { origin.description }
    private let origin: HTTPOrigin
    private let client: HTTP1Client

    /// The node at an origin. The client is shared by many.
    public init(_ origin: HTTPOrigin, client: HTTP1Client) {
        self.origin = origin
        self.client = client
    }

    /// Sends a request and collects its response, whatever the status.
    public func send(_ request: NodeRequest) async throws -> NodeResponse {
        var fields: HTTPFields = [.userAgent: "dna"]
        var (method, body): (HTTPRequest.Method, ByteBuffer?) = (.get, nil)
        if case .post(let bytes) = request.method {
            (method, body) = (.post, ByteBuffer(bytes: bytes))
            fields[.contentType] = "application/json"
        }
        do {
            let response = try await client.send(
                method, request.path, to: origin, fields: fields, body: body, deadline: request.deadline,
                responseLimit: request.responseLimit)
            let pause = response.head.headerFields[.retryAfter].flatMap { Int($0) }
            return NodeResponse(
                status: response.status.code, body: [UInt8](buffer: response.body),
                retryAfter: pause.map { .seconds(min(max($0, 0), Self.longestPause)) })
        } catch HTTPTransportError.bodyTooLarge(let limit) {
            throw NodeLinkError.tooLarge(limit: limit)
        } catch HTTPTransportError.deadlineExceeded {
            throw NodeLinkError.timedOut
        } catch let error as HTTPTransportError {
            throw NodeLinkError.unreachable("\(error)")
        }
    }
}
