import ArgumentParser
import HTTPTransport
import Logging
import ServiceKit
import WorkerService

/// Options → service → run.
@main
struct InferenceWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inference-worker",
        abstract: "Runs a model for a network: takes assignments, computes them, and votes.",
        discussion: "Each option can also be given by the environment variable named with it.")

    @OptionGroup var options: InferenceWorkerOptions

    func run() async throws {
        let (options, http) = (try options.resolve(), try options.http())
        bootstrapLogging(level: .info)
        let logger = Logger(label: "inference-worker")
        let client = HTTPClient(logger: logger)
        let metrics = MetricsRegistry.ofProcess()
        let parts = try WorkerParts.load(options, logger: logger)
        let worker = try Worker(parts, client: client, logger: logger, metrics: metrics)
        let router = ServiceRouter.service()
        router.addHealthRoutes(checks: worker.healthChecks)
        router.addMetricsRoute(metrics)
        let server = HTTPService(router: router, options: http, logger: logger, metrics: metrics)
        try await runServices([server, worker], logger: logger)
        await client.shutdown()
    }
}
