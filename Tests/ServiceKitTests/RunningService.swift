import HTTPTransport
import Logging
import ServiceKit
import ServiceLifecycle

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Runs `body` against a service on a free port, and shuts it down gracefully afterwards.
func withService(
    options: HTTPServiceOptions = HTTPServiceOptions(), retry: RetryPolicy = .never,
    _ router: ServiceRouter, metrics: MetricsRegistry = MetricsRegistry(),
    _ body: @Sendable @escaping (JSONClient, HTTPClient, HTTPOrigin) async throws -> Void
) async throws {
    let service = HTTPService(router: router, options: options, logger: quiet, metrics: metrics)
    let group = ServiceGroup(services: [service], logger: quiet)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        let client = HTTPClient(logger: quiet)
        let origin = HTTPOrigin(host: "127.0.0.1", port: try await service.port())
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body(JSONClient(client, origin: origin, retry: retry), client, origin))
        } catch {
            outcome = .failure(error)
        }
        await client.shutdown()
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        try outcome.get()
    }
}
