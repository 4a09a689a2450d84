import HTTPTransport
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// HTTP/1.1 on the same port: Hummingbird's own channel around the same router.
struct HTTP1Responder: Sendable {
    let handler: RouterHandler
    let requestDeadline: Duration
    let idleTimeout: Duration
    let logger: Logger

    /// What takes over a connection that speaks HTTP/1.1.
    var install: @Sendable (any Channel, HTTPPeer) throws -> Void {
        let logger = logger
        return { channel, peer in
            let http1 = HTTP1Channel(
                responder: { request, writer, channel in
                    var measurement = handler.metrics.measurement(of: request.head)
                    defer { measurement.end() }
                    let (response, route) = await respond(to: request, channel, peer)
                    measurement.route = route
                    try await writer.write(response: response.head, body: response.body)
                    measurement.answered(response.status)
                },
                configuration: .init(idleTimeout: TimeAmount(idleTimeout)))
            http1.setup(channel: channel, logger: logger).whenComplete { result in
                switch result {
                case .success(let connection): Task { await http1.handle(value: connection, logger: logger) }
                case .failure: channel.close(promise: nil)
                }
            }
        }
    }

    private func respond(to request: Request, _ channel: any Channel, _ peer: HTTPPeer) async -> (
        Response, route: String?
    ) {
        let deadline = MovableDeadline(after: requestDeadline)
        do {
            return try await withThrowingTaskGroup(of: (Response, route: String?)?.self) { group in
                group.addTask {
                    await handler.respond(
                        to: request, channel: channel, peer: peer, setDeadline: { deadline.move($0) })
                }
                group.addTask {
                    try await deadline.passed()
                    return nil
                }
                let first = try await group.next() ?? nil
                group.cancelAll()
                return first ?? (Problem(.deadlineExceeded, "not in time").response(), nil)
            }
        } catch {
            return (Problem.disclose(error).problem.response(), nil)
        }
    }
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
