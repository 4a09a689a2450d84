import Canonical
import HTTPTypes
public import Hummingbird
import NIOCore

extension Request {
    /// Bytes of JSON accepted when a route names no limit.
    public static let jsonLimit = 1 << 20

    /// Reads the body as JSON. Throws a `Problem`: 413 beyond `limit`, 415 for another media type, 400 that names
    /// the field.
    public func json<T: Decodable>(_ type: T.Type = T.self, limit: Int = Self.jsonLimit) async throws -> T {
        if let media = headers[.contentType], !Self.isJSON(media) {
            throw Problem(status: .unsupportedMediaType, detail: "send content-type: application/json")
        }
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge(limit) }
        var bytes: [UInt8] = []
        for try await piece in body {
            guard bytes.count + piece.readableBytes <= limit else { throw tooLarge(limit) }
            bytes.append(contentsOf: piece.readableBytesView)
        }
        return try CanonicalJSON.decode(type, from: bytes)
    }

    private func tooLarge(_ limit: Int) -> Problem {
        Problem(.tooLarge, "the body is larger than \(limit) bytes")
    }

    private static func isJSON(_ media: String) -> Bool {
        let essence = media.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        return essence == "application/json" || essence.hasSuffix("+json")
    }
}

extension Response {
    /// A response with a value as canonical JSON.
    public static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok
    ) throws -> Response {
        let bytes: [UInt8] = try CanonicalJSON.encode(value)
        return Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

extension RouterMethods where Context == ServiceContext {
    /// A GET route that answers with a value as JSON; nil becomes 204.
    @discardableResult
    public func getJSON<Output: Encodable & SendableMetatype>(
        _ path: RouterPath, _ handler: @escaping @Sendable (Request, ServiceContext) async throws -> Output?
    ) -> Self {
        on(path, method: .get) { request, context -> Response in
            guard let output = try await handler(request, context) else { return Response(status: .noContent) }
            return try .json(output)
        }
    }

    /// A POST route that reads a value from JSON and answers with another; nil becomes 204.
    @discardableResult
    public func postJSON<Input: Decodable & SendableMetatype, Output: Encodable & SendableMetatype>(
        _ path: RouterPath, limit: Int = Request.jsonLimit,
        _ handler: @escaping @Sendable (Input, ServiceContext) async throws -> Output?
    ) -> Self {
        on(path, method: .post) { request, context -> Response in
            let input = try await request.json(Input.self, limit: limit)
            guard let output = try await handler(input, context) else { return Response(status: .noContent) }
            return try .json(output)
        }
    }
}
