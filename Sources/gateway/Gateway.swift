import ArgumentParser
import GatewayService
import HTTPTransport
import Logging
import Postgres
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

    func run() async throws {
        let options = try options.resolve()
        bootstrapLogging(level: .info)
        let logger = Logger(label: "gateway")
        let metrics = MetricsRegistry.ofProcess()
        try await runServices([GatewayService(options, logger: logger, metrics: metrics)], logger: logger)
    }
}
