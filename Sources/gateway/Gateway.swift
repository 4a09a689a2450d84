import ArgumentParser
import Cryptography
import GatewayService
import HTTPTransport
import Logging
import Postgres
import ServiceArguments
import ServiceKit

/// Options → service → run.
@main
struct Gateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "Serves OpenAI's API; every answer carries a certificate.",
        discussion: """
            Each option can also be given by the environment variable named with it. A database password belongs \
            into the environment: other users of the machine can see a command line.
            """)

    @OptionGroup var options: GatewayCommandOptions
    @OptionGroup var log: LogArguments

    func run() async throws {
        OpenSSLLifetime.lastsUntilExit()
        var settings = try options.resolve()
        let logger = try log.start("gateway")
        let links = try options.secure(&settings, logger: logger)
        let metrics = MetricsRegistry.ofProcess()
        let gateway = GatewayService(settings, logger: logger, metrics: metrics)
        try await runServices(links + [gateway], logger: logger)
    }
}
