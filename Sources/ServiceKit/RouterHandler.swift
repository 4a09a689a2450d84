import HTTPTransport
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Hummingbird's router over our HTTP/2 streams. What every answer has in common is done here and not in a
/// middleware, which would add four asynchronous calls to each request: errors become problems, defects are logged
/// with the request's id, every answer carries that id and the date.
struct RouterHandler: HTTPRequestHandler {
    let responder: RouterResponder<ServiceContext>
    let logger: Logger
    let metrics: HTTPMetrics
    let date = DateHeader()

    nonisolated(nonsending) func handle(_ request: HTTPServerRequest, _ response: HTTPResponseWriter) async throws {
        var measurement = metrics.measurement(of: request.head)
        defer { measurement.end() }
        let body = request.completeBody.map { RequestBody(buffer: $0) } ?? RequestBody(asyncSequence: request.body)
        let (answer, route) = await respond(
            to: Request(head: request.head, body: body), channel: request.channel, peer: request.peer,
            setDeadline: { response.setDeadline($0) })
        measurement.route = route
        response.begin(answer.head)
        if request.head.method == .head {
            try await response.finish()
        } else {
            try await answer.body.write(StreamBodyWriter(response: response))
        }
        measurement.answered(answer.status)
    }

    /// The answer, and the template of the route that made it.
    nonisolated(nonsending) func respond(
        to request: Request, channel: any Channel, peer: HTTPPeer, setDeadline: @escaping @Sendable (Duration?) -> Void
    ) async -> (Response, route: String?) {
        let context = ServiceContext(
            source: ServiceContextSource(
                channel: channel, logger: logger, requestID: RequestID.accept(request.headers[.requestID]),
                peer: peer, setDeadline: setDeadline))
        var answer: Response
        do {
            answer = try await RequestTrace.$id.withValue(context.requestID) {
                try await responder.respond(to: request, context: context)
            }
            if answer.isBareError { answer.explain(Problem(status: answer.status)) }
        } catch {
            let disclosure = Problem.disclose(error)
            if disclosure.isDefect { logDefect(error, request, context) }
            answer = disclosure.problem.response()
        }
        answer.headers.setOnly(HTTPField(name: .requestID, value: context.requestID))
        answer.headers.setOnly(date.field)
        return (answer, context.endpointPath)
    }

    private func logDefect(_ error: any Error, _ request: Request, _ context: ServiceContext) {
        var metadata: Logger.Metadata = [
            "method": .string(request.method.rawValue), "path": .string(request.uri.path), "error": .string("\(error)"),
        ]
        if let cause = (error as? ServiceError)?.cause { metadata["cause"] = .string("\(cause)") }
        context.logger.error("request failed", metadata: metadata)
    }
}

extension Response {
    /// An error without a word: what the router makes of its own errors, such as the path that nobody serves.
    fileprivate var isBareError: Bool {
        status.code >= 400 && body.contentLength == 0 && !headers.contains(.contentType)
    }

    fileprivate mutating func explain(_ problem: Problem) {
        body = ResponseBody(byteBuffer: problem.json())
        headers[.contentType] = Problem.mediaType
    }
}

extension HTTPFields {
    /// Appends where it can: replacing costs an array and a second search.
    fileprivate mutating func setOnly(_ field: HTTPField) {
        if contains(field.name) { self[fields: field.name] = [field] } else { append(field) }
    }
}

private struct StreamBodyWriter: ResponseBodyWriter, Sendable {
    let response: HTTPResponseWriter

    nonisolated(nonsending) func write(_ buffer: ByteBuffer) async throws {
        try await response.write(buffer)
    }

    nonisolated(nonsending) consuming func finish(_ trailers: HTTPFields?) async throws {
        try await response.finish(trailers)
    }
}
