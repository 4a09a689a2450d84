import HTTPTransport
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Hummingbird's router and middleware over our HTTP/2 streams.
struct RouterHandler: HTTPRequestHandler {
    let responder: RouterResponder<ServiceContext>
    let logger: Logger
    let date = DateHeader()

    nonisolated(nonsending) func handle(_ request: HTTPServerRequest, _ response: HTTPResponseWriter) async throws {
        let body = request.completeBody.map { RequestBody(buffer: $0) } ?? RequestBody(asyncSequence: request.body)
        let answer = try await respond(
            to: Request(head: request.head, body: body), channel: request.channel,
            setDeadline: { response.setDeadline($0) })
        response.begin(answer.head)
        if request.head.method == .head {
            try await response.finish()
        } else {
            try await answer.body.write(StreamBodyWriter(response: response))
        }
    }

    nonisolated(nonsending) func respond(
        to request: Request, channel: any Channel, setDeadline: @escaping @Sendable (Duration?) -> Void
    ) async throws -> Response {
        let source = ServiceContextSource(
            channel: channel, logger: logger, requestID: RequestID.accept(request.headers[.requestID]),
            setDeadline: setDeadline)
        var answer = try await responder.respond(to: request, context: ServiceContext(source: source))
        answer.headers[fields: .date] = [date.field]
        return answer
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
