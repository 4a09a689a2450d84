import Canonical
public import HTTPTransport
public import HTTPTypes
import NIOCore

/// Typed calls to another service. Every failure is a `ServiceError`, but for the cancellation of the caller's task.
public struct JSONClient: Sendable {
    /// Where the calls go.
    public let origin: HTTPOrigin
    private let client: HTTPClient
    private let retry: RetryPolicy

    /// Calls through `client`, whose connections are shared with other `JSONClient`s.
    public init(_ client: HTTPClient, origin: HTTPOrigin, retry: RetryPolicy = RetryPolicy()) {
        self.client = client
        self.origin = origin
        self.retry = retry
    }

    /// GET, decoded. Repeated after failures that may pass.
    public func get<Output: Decodable>(
        _ path: String, as type: Output.Type = Output.self, fields: HTTPFields = [:], deadline: Duration = .seconds(30)
    ) async throws -> Output {
        try require(await call(.get, path, nil, type, fields, deadline, isIdempotent: true))
    }

    /// GET whose answer may be 204, as a long poll's is when there is nothing: nil then. Repeated like `get`.
    public func poll<Output: Decodable>(
        _ path: String, as type: Output.Type = Output.self, fields: HTTPFields = [:], deadline: Duration = .seconds(30)
    ) async throws -> Output? {
        try await call(.get, path, nil, type, fields, deadline, isIdempotent: true)
    }

    /// POST, decoded. Repeated only when `isIdempotent`, or when the service certainly did not process it.
    public func post<Output: Decodable>(
        _ path: String, _ input: some Encodable, as type: Output.Type = Output.self, fields: HTTPFields = [:],
        deadline: Duration = .seconds(30), isIdempotent: Bool = false
    ) async throws -> Output {
        try require(await call(.post, path, encode(input), type, fields, deadline, isIdempotent: isIdempotent))
    }

    /// POST whose answer may be 204, as a long poll's is when there is nothing: nil then.
    public func poll<Output: Decodable>(
        _ path: String, _ input: some Encodable, as type: Output.Type = Output.self, fields: HTTPFields = [:],
        deadline: Duration = .seconds(30), isIdempotent: Bool = false
    ) async throws -> Output? {
        try await call(.post, path, encode(input), type, fields, deadline, isIdempotent: isIdempotent)
    }

    /// POST whose answer's body does not matter.
    public func post(
        _ path: String, _ input: some Encodable, fields: HTTPFields = [:], deadline: Duration = .seconds(30),
        isIdempotent: Bool = false
    ) async throws {
        _ = try await send(.post, path, encode(input), fields, deadline, isIdempotent: isIdempotent)
    }

    /// What `/readyz` says, ready or not. Asked once.
    public func readiness(deadline: Duration) async throws -> Readiness {
        do {
            let response = try await client.send(.get, "/readyz", to: origin, deadline: deadline)
            return try decode(Readiness.self, response, "/readyz")
        } catch let error as HTTPTransportError {
            throw failure(error).error
        }
    }

    private func encode(_ input: some Encodable) throws -> ByteBuffer {
        do {
            let bytes: [UInt8] = try CanonicalJSON.encode(input)
            return ByteBuffer(bytes: bytes)
        } catch {
            throw ServiceError(.internalFailure, "a request that is not JSON", cause: error)
        }
    }

    private func require<Output>(_ output: Output?) throws -> Output {
        guard let output else { throw ServiceError(.badUpstream, "\(origin) answered nothing") }
        return output
    }

    private func call<Output: Decodable>(
        _ method: HTTPRequest.Method, _ path: String, _ body: ByteBuffer?, _ type: Output.Type, _ fields: HTTPFields,
        _ deadline: Duration, isIdempotent: Bool
    ) async throws -> Output? {
        let response = try await send(method, path, body, fields, deadline, isIdempotent: isIdempotent)
        return response.status == .noContent ? nil : try decode(type, response, path)
    }

    private func decode<Output: Decodable>(
        _ type: Output.Type, _ response: HTTPCollectedResponse, _ path: String
    ) throws -> Output {
        do {
            return try CanonicalJSON.decode(type, from: Array(response.body.readableBytesView))
        } catch {
            throw ServiceError(.badUpstream, "\(origin)\(path) answered what was not asked for", cause: error)
        }
    }

    // MARK: Attempts

    private func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: ByteBuffer?, _ fields: HTTPFields, _ deadline: Duration,
        isIdempotent: Bool
    ) async throws -> HTTPCollectedResponse {
        let end = ContinuousClock.now + deadline
        var fields = fields
        fields[.accept] = "application/json"
        if let id = RequestTrace.id { fields[.requestID] = id }
        if body != nil { fields[.contentType] = "application/json" }
        var failures = 0
        while true {
            do {
                return try await attempt(method, path, body, fields, deadline: end - .now)
            } catch let failure as Failure {
                failures += 1
                let delay = retry.delay(after: failures)
                let mayRepeat = failure.isUnprocessed || (isIdempotent && failure.error.isRetryable)
                guard mayRepeat, failures < retry.attempts, .now + delay < end else { throw failure.error }
                try await Task.sleep(for: delay)
            }
        }
    }

    private struct Failure: Error {
        let error: ServiceError
        var isUnprocessed = false
    }

    private func attempt(
        _ method: HTTPRequest.Method, _ path: String, _ body: ByteBuffer?, _ fields: HTTPFields, deadline: Duration
    ) async throws -> HTTPCollectedResponse {
        let response: HTTPCollectedResponse
        do {
            response = try await client.send(method, path, to: origin, fields: fields, body: body, deadline: deadline)
        } catch let error as HTTPTransportError {
            throw failure(error)
        }
        guard (200..<300).contains(response.status.code) else { throw Failure(error: refusal(response, path)) }
        return response
    }

    private func failure(_ error: HTTPTransportError) -> Failure {
        switch error {
        case .deadlineExceeded:
            Failure(error: ServiceError(.deadlineExceeded, "\(origin) did not answer in time", cause: error))
        case .bodyTooLarge:
            Failure(error: ServiceError(.badUpstream, "\(origin) answered too much", cause: error))
        default:
            Failure(
                error: ServiceError(.unavailable, "\(origin) cannot be reached", cause: error),
                isUnprocessed: error.isUnprocessed)
        }
    }

    private func refusal(_ response: HTTPCollectedResponse, _ path: String) -> ServiceError {
        let body = Array(response.body.readableBytesView)
        let problem = try? CanonicalJSON.decode(Problem.self, from: body)
        let detail = problem?.detail ?? (try? CanonicalJSON.decode(GatewayRefusal.self, from: body))?.error.sentence
        let code = problem?.code ?? ServiceError.Code(status: response.status.code)
        return ServiceError(
            code, detail ?? "\(origin)\(path) answered \(response.status.code)", field: problem?.field,
            cause: problem, isRetryable: [429, 502, 503, 504].contains(response.status.code))
    }

    /// What a gateway refuses with, in the form of OpenAI's interface.
    private struct GatewayRefusal: Decodable {
        struct Details: Decodable {
            let message: String
            let code: String?

            var sentence: String { code.map { "\(message) (\($0))" } ?? message }
        }
        let error: Details
    }
}
