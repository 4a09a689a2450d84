public import HTTPTransport
import HTTPTypes
import NIOCore

/// A node reached by HTTP/1.1.
public struct HTTPNodeLink: NodeLink {
    /// The longest pause that a node can ask for in a `Retry-After` field, in seconds.
    private static let longestPause = 86_400
    private static let redirectLimit = 4

    /// The URL.
    public var name: String { endpoint.description }
    private let endpoint: StorageEndpoint
    private let client: HTTP1Client

    /// The node at a URL. The client is shared by many.
    public init(_ endpoint: StorageEndpoint, client: HTTP1Client) {
        self.endpoint = endpoint
        self.client = client
    }

    /// Sends a request and collects its response, whatever the status. A GET that is sent on is followed, as gateways send
    /// data's readers to a name below their own.
    public func send(_ request: NodeRequest) async throws -> NodeResponse {
        do {
            var (origin, path) = (endpoint.origin, endpoint.prefix + request.path)
            for _ in 0..<Self.redirectLimit {
                let response = try await send(request, to: origin, path)
                guard request.method == .get, [301, 302, 303, 307, 308].contains(response.status.code),
                    let next = Redirect(response.head.headerFields[.location], from: origin, below: endpoint.origin)
                else { return Self.response(response) }
                (origin, path) = (next.origin, next.path)
            }
            throw NodeLinkError.unreachable("it sends readers around in circles")
        } catch HTTPTransportError.bodyTooLarge(let limit) {
            throw NodeLinkError.tooLarge(limit: limit)
        } catch HTTPTransportError.deadlineExceeded {
            throw NodeLinkError.timedOut
        } catch let error as HTTPTransportError {
            throw NodeLinkError.unreachable("\(error)")
        }
    }

    private func send(
        _ request: NodeRequest, to origin: HTTPOrigin, _ path: String
    ) async throws -> HTTPCollectedResponse {
        // What a node wants to see is for that node alone.
        var fields = origin == endpoint.origin ? endpoint.fields : [:]
        fields[.userAgent] = "dna"
        var (method, body): (HTTPRequest.Method, ByteBuffer?) = (.get, nil)
        if case .post(let bytes) = request.method {
            (method, body) = (.post, ByteBuffer(bytes: bytes))
            fields[.contentType] = "application/json"
        }
        if let range = request.range { fields[.range] = "bytes=\(range.lowerBound)-\(range.upperBound - 1)" }
        return try await client.send(
            method, path, to: origin, fields: fields, body: body, deadline: request.deadline,
            responseLimit: request.responseLimit)
    }

    private static func response(_ response: HTTPCollectedResponse) -> NodeResponse {
        let pause = response.head.headerFields[.retryAfter].flatMap { Int($0) }
        return NodeResponse(
            status: response.status.code, body: [UInt8](buffer: response.body),
            retryAfter: pause.map { .seconds(min(max($0, 0), longestPause)) })
    }
}

/// Where a response sends the reader: only to the same name or one below it, and never out of TLS.
package struct Redirect {
    package let origin: HTTPOrigin
    package let path: String

    package init?(_ location: String?, from origin: HTTPOrigin, below first: HTTPOrigin) {
        guard let location, location.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        if location.hasPrefix("/"), !location.hasPrefix("//") {
            (self.origin, path) = (origin, location)
            return
        }
        guard let scheme = location.range(of: "://") else { return nil }
        let rest = location[scheme.upperBound...]
        let slash = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        guard let target = HTTPOrigin(String(location[..<slash])), target.isSecure || !first.isSecure,
            target.host == first.host || target.host.hasSuffix(".\(first.host)")
        else { return nil }
        self.origin = target
        path = rest[slash...].hasPrefix("/") ? String(rest[slash...]) : "/"
    }
}
