import HTTPTransport
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// HTTP/1.1 on the same port: Hummingbird's own channel around the same router, with the same limits as HTTP/2.
struct HTTP1Responder: Sendable {
    let handler: RouterHandler
    let options: HTTPServerOptions
    let logger: Logger

    /// What takes over a connection that speaks HTTP/1.1.
    func install(_ channel: any Channel, _ peer: HTTPPeer, _ share: ConnectionShare) throws {
        let answering = AnsweringTask()
        channel.closeFuture.whenComplete { _ in answering.cancel() }
        let http1 = HTTP1Channel(
            responder: { request, writer, channel in
                answering.begin()
                defer { answering.end() }
                var measurement = handler.metrics.measurement(of: request.head)
                defer { measurement.end() }
                guard share.openRequest() else {
                    let refusal = options.overloadResponse
                    try await writer.write(response: refusal.head, body: ResponseBody(byteBuffer: refusal.body))
                    return measurement.answered(refusal.head.status)
                }
                defer { share.closeRequest() }
                let deadline = MovableDeadline(after: options.requestDeadline)
                let (response, route) = await respond(to: limited(request), channel, peer, deadline)
                measurement.route = route
                // The deadline is for the whole response: a client that reads it too slowly loses the connection, and with
                // it whoever writes.
                let watch = Task {
                    try await deadline.passed()
                    channel.close(promise: nil)
                }
                defer { watch.cancel() }
                try await writer.write(response: response.head, body: response.body)
                measurement.answered(response.status)
            },
            configuration: configuration(share))
        let logger = logger
        http1.setup(channel: channel, logger: logger).whenComplete { result in
            switch result {
            case .success(let connection): Task { await http1.handle(value: connection, logger: logger) }
            case .failure: channel.close(promise: nil)
            }
        }
    }

    private func configuration(_ share: ConnectionShare) -> HTTP1Channel.Configuration {
        let options = options
        let limits = options.connection.http2
        return .init(
            additionalChannelHandlers: [HTTP1Guard(options: options, share: share)],
            idleTimeout: TimeAmount(options.connection.idleTimeout),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.headerListSize, maxHeaderListSize: limits.headerListSize,
                maxHeaderFieldCount: limits.headerFields))
    }

    /// The request with a body that ends in an error where its limit is passed.
    private func limited(_ request: Request) -> Request {
        let limit = options.requestBodyLimit
        return Request(
            head: request.head, body: RequestBody(asyncSequence: LimitedBody(body: request.body, limit: limit)))
    }

    private func respond(
        to request: Request, _ channel: any Channel, _ peer: HTTPPeer, _ deadline: MovableDeadline
    ) async -> (Response, route: String?) {
        do {
            let answer = try await withThrowingTaskGroup(of: (Response, route: String?)?.self) { group in
                group.addTask {
                    await handler.respond(
                        to: request, channel: channel, peer: peer, setDeadline: { deadline.move($0) })
                }
                group.addTask {
                    try await deadline.passed()
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
            if let answer { return answer }
            // The connection would be closed at once, before it is said why.
            deadline.move(options.connection.stallTimeout)
            return (Problem(.deadlineExceeded, "not in time").response(), nil)
        } catch {
            return (Problem.disclose(error).problem.response(), nil)
        }
    }
}

/// The task that answers on a connection, cancelled when the connection is gone: nothing else would wake a handler that
/// waits before it writes on.
private final class AnsweringTask: Sendable {
    /// `@unchecked`: tasks may be cancelled from anywhere as long as they run, which the lock sees to.
    private struct Running: @unchecked Sendable {
        let task: UnsafeCurrentTask
    }

    private struct State {
        var running: Running?
        var isCancelled = false
    }

    private let state = Mutex(State())

    /// The current task answers from now on.
    func begin() {
        withUnsafeCurrentTask { task in
            let running = task.map(Running.init)
            state.withLock { state in
                state.running = running
                if state.isCancelled { running?.task.cancel() }
            }
        }
    }

    /// It no longer does.
    func end() {
        state.withLock { $0.running = nil }
    }

    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            state.running?.task.cancel()
        }
    }
}

/// A body that throws beyond its limit.
private struct LimitedBody: AsyncSequence, Sendable {
    let body: RequestBody
    let limit: Int

    struct AsyncIterator: AsyncIteratorProtocol {
        var inner: RequestBody.AsyncIterator
        let limit: Int
        var count = 0

        mutating func next() async throws -> ByteBuffer? {
            let chunk = try await inner.next()
            count += chunk?.readableBytes ?? 0
            if count > limit { throw HTTPTransportError.bodyTooLarge(limit: limit) }
            return chunk
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(inner: body.makeAsyncIterator(), limit: limit) }
}

/// A deadline that a handler may move while it is awaited.
private final class MovableDeadline: Sendable {
    private let end: Mutex<ContinuousClock.Instant?>

    init(after duration: Duration) {
        end = Mutex(.now + duration)
    }

    func move(_ duration: Duration?) {
        end.withLock { $0 = duration.map { .now + $0 } }
    }

    func passed() async throws {
        while true {
            let now = ContinuousClock.now
            // Without a deadline, look again now and then whether there is one.
            let next = end.withLock { $0 } ?? now + .seconds(1)
            if next <= now { return }
            try await Task.sleep(until: next, clock: .continuous)
        }
    }
}
