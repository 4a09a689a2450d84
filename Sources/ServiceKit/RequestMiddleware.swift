import HTTPTypes
import Hummingbird
import Logging

extension HTTPField.Name {
    // A constant token: the initialiser returns nil only for characters that are not in it.
    static let requestID = HTTPField.Name("x-request-id")!
}

/// Outermost of all: errors become problems, defects are logged with the request's id, every answer carries that id.
struct RequestMiddleware: RouterMiddleware {
    typealias Context = ServiceContext

    nonisolated(nonsending) func handle(
        _ request: Request, context: ServiceContext,
        next: (Request, ServiceContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let disclosure = Problem.disclose(error)
            if disclosure.isDefect { logDefect(error, request, context) }
            response = disclosure.problem.response()
        }
        response.headers[.requestID] = context.requestID
        return response
    }

    private func logDefect(_ error: any Error, _ request: Request, _ context: ServiceContext) {
        var metadata: Logger.Metadata = [
            "method": .string(request.method.rawValue), "path": .string(request.uri.path), "error": .string("\(error)"),
        ]
        if let cause = (error as? ServiceError)?.cause { metadata["cause"] = .string("\(cause)") }
        context.logger.error("request failed", metadata: metadata)
    }
}
