import ArgumentParser
import Cryptography
import HTTPTransport
import Logging
import ServiceArguments
import ServiceKit
import ServiceLifecycle
import WorkerService

/// Options → service → run.
@main
struct InferenceWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inference-worker",
        abstract: "Runs a model for a network: takes assignments, computes them, and votes.",
        discussion: "Each option can also be given by the environment variable named with it.")

    @OptionGroup var options: InferenceWorkerOptions
    @OptionGroup var log: LogArguments

    func run() async throws {
        OpenSSLLifetime.lastsUntilExit()
        let settings = try options.resolve()
        var http = try options.http()
        let logger = try log.start("inference-worker")
        let metrics = MetricsRegistry.ofProcess()
        var parts = try await WorkerParts.load(settings, logger: logger)
        let link = try options.link(parts, logger: logger)
        parts.admission?.certificatePath = link?.certificatePath
        parts.admission?.certificateChanged = { link?.reloadIfChanged() }
        var clientOptions = HTTPClientOptions()
        clientOptions.tls = try link?.client(expecting: .aggregator)
        let client = HTTPClient(options: clientOptions, logger: logger)
        let worker = try Worker(parts, client: client, logger: logger, metrics: metrics)
        // A listener needs the certificate, which comes with the place on the roster.
        try await worker.admitted()
        // It asked to be let in as nobody.
        await client.renewConnections()
        http.server.tls = try link?.server()
        let router = ServiceRouter.service()
        router.add(middleware: RequireRole.any)
        router.addHealthRoutes(checks: worker.healthChecks)
        router.addMetricsRoute(metrics)
        let server = HTTPService(router: router, options: http, logger: logger, metrics: metrics)
        let links: [any Service] = [link].compactMap(\.self)
        try await runServices(links + [server, worker], logger: logger)
        await client.shutdown()
    }
}
