import Canonical
import CoordinatorStore
import HTTPTypes
package import Hummingbird
import Logging
import Postgres
package import ServiceKit

/// The gateway's door from errors to HTTP: OpenAI's error object on the routes its clients use, problems elsewhere.
package struct GatewayErrors: RouterMiddleware {
    /// Our own context.
    package typealias Context = ServiceContext

    private let metrics: GatewayMetrics

    package init(metrics: GatewayMetrics) { self.metrics = metrics }

    /// Goes on, and turns what is thrown into an answer or into an error the problem door knows.
    package func handle(
        _ request: Request, context: ServiceContext,
        next: (Request, ServiceContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let error = Self.translate(error)
            guard Self.isOpenAI(request.uri.path) else { throw error }
            let refusal = Self.refusal(error, request, context)
            if request.method == .post { metrics.refused(refusal) }
            return try refusal.response()
        }
    }

    /// The refusal of an OpenAI route, with a line in the log: who asks about it has the same exchange's id.
    private static func refusal(_ error: any Error, _ request: Request, _ context: ServiceContext) -> OpenAIError {
        if let refusal = error as? OpenAIError {
            var metadata: Logger.Metadata = [
                "status": "\(refusal.status.code)", "code": "\(refusal.code ?? "")",
                "field": "\(refusal.parameter ?? "")",
            ]
            if let reference = refusal.reference { metadata["request"] = "\(reference.requestID)" }
            context.logger.info("refused", metadata: metadata)
            return refusal
        }
        let disclosure = Problem.disclose(error)
        if disclosure.isDefect {
            var metadata: Logger.Metadata = ["error": "\(error)", "path": "\(request.uri.path)"]
            if let cause = (error as? ServiceError)?.cause { metadata["cause"] = "\(cause)" }
            context.logger.error("request failed", metadata: metadata)
        }
        return OpenAIError(disclosure.problem)
    }

    /// Whether OpenAI's clients use this path, or may think it is there.
    static func isOpenAI(_ path: String) -> Bool {
        path.hasPrefix("/v1/") && !path.hasPrefix("/v1/requests") && path != "/v1/network"
    }

    /// Says of the store's errors what a client may do about them.
    static func translate(_ error: any Error) -> any Error {
        switch error {
        case let error as PostgresError:
            let isTemporary = error.isRetryable || error == .poolClosed || error == .cancelled
            return isTemporary
                ? ServiceError(.unavailable, "the database cannot be reached", cause: error)
                : ServiceError(.internalFailure, "the database refused", cause: error)
        case let error as StoreError: return ServiceError(.internalFailure, "the database holds nonsense", cause: error)
        case let error as JSONDecodingFailure:
            return OpenAIError.invalid(error.path, "the body is not JSON: \(error)", code: "invalid_json")
        default: return error
        }
    }
}

extension OpenAIError {
    /// The same refusal in OpenAI's words.
    init(_ problem: Problem) {
        let status = HTTPResponse.Status(code: problem.status)
        self.init(
            status, problem.detail ?? problem.title, parameter: problem.field,
            code: Self.code(problem), headers: problem.headers)
        if problem.status == 503, headers[.retryAfter] == nil { headers[.retryAfter] = "1" }
    }

    /// OpenAI's own words where its clients look for them.
    private static func code(_ problem: Problem) -> String? {
        switch problem.code {
        case .unauthenticated: "invalid_api_key"
        case .limitExceeded: "rate_limit_exceeded"
        case let code: code?.rawValue.replacing("-", with: "_")
        }
    }

    /// The refusal as an HTTP response.
    package func response() throws -> Response {
        var response = try Response.json(body, status: status)
        response.headers.append(contentsOf: headers)
        return response
    }
}
