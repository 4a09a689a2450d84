import Canonical
public import HTTPTypes
public import Hummingbird
import NIOCore

/// Problem details (RFC 9457): the one form in which a service says no.
public struct Problem: Error, Codable, Hashable, Sendable {
    /// Media type of a problem.
    public static let mediaType = "application/problem+json"

    /// What kind of problem: `urn:dna:problem:` and a `ServiceError.Code`, or `about:blank` for a bare status.
    public var type: String
    /// The kind in words.
    public var title: String
    /// The HTTP status.
    public var status: Int
    /// What happened this time.
    public var detail: String?
    /// The field of the request that is to blame, as a path.
    public var field: String?
    /// Header fields to send along (`allow`, `retry-after`); not part of the JSON.
    public var headers: HTTPFields = [:]

    private enum CodingKeys: String, CodingKey {
        case type, title, status, detail, field
    }

    /// A problem with one of our own codes.
    public init(_ code: ServiceError.Code, _ detail: String?, field: String? = nil) {
        type = "urn:dna:problem:" + code.rawValue
        title = code.status.reasonPhrase
        status = code.status.code
        self.detail = detail
        self.field = field
    }

    /// A problem that says no more than its status.
    public init(status: HTTPResponse.Status, detail: String? = nil, headers: HTTPFields = [:]) {
        type = "about:blank"
        title = status.reasonPhrase
        self.status = status.code
        self.detail = detail
        self.headers = headers
    }

    /// The server has no room now.
    static let overloaded: Problem = {
        var problem = Problem(.unavailable, "the server has no room for this request now")
        problem.headers[.retryAfter] = "1"
        return problem
    }()

    /// The body came too slowly.
    static let slowBody = Problem(status: .requestTimeout, detail: "the body came too slowly")

    /// The code, when `type` names one of ours.
    public var code: ServiceError.Code? {
        type.hasPrefix("urn:dna:problem:") ? ServiceError.Code(rawValue: String(type.dropFirst(16))) : nil
    }

    /// The problem as an HTTP response.
    public func response() -> Response {
        var response = Response(status: .init(code: status), body: .init(byteBuffer: json()))
        response.headers.append(contentsOf: headers)
        response.headers[.contentType] = Self.mediaType
        return response
    }

    func json() -> ByteBuffer {
        // Strings and one integer always encode; a body is better lost than the status.
        (try? CanonicalJSON.encode(self)).map { ByteBuffer(bytes: $0) } ?? ByteBuffer()
    }
}

extension ServiceError.Code {
    /// The HTTP status of this kind of failure.
    public var status: HTTPResponse.Status {
        switch self {
        case .invalidArgument: .badRequest
        case .unauthenticated: .unauthorized
        case .permissionDenied: .forbidden
        case .notFound: .notFound
        case .conflict: .conflict
        case .tooLarge: .contentTooLarge
        case .limitExceeded: .tooManyRequests
        case .internalFailure: .internalServerError
        case .badUpstream: .badGateway
        case .unavailable: .serviceUnavailable
        case .deadlineExceeded: .gatewayTimeout
        }
    }

    /// The kind of failure that a status of another service stands for.
    public init(status: Int) {
        switch status {
        case 401: self = .unauthenticated
        case 403: self = .permissionDenied
        case 404, 405: self = .notFound
        case 409: self = .conflict
        case 413: self = .tooLarge
        case 429: self = .limitExceeded
        case 400..<500: self = .invalidArgument
        case 503: self = .unavailable
        case 504: self = .deadlineExceeded
        default: self = .badUpstream
        }
    }
}
