import AggregatorService
import ArgumentParser
import Cryptography
import Logging
import ServiceArguments
import ServiceKit

/// Options → service → run.
@main
struct ConsensusAggregator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consensus-aggregator",
        abstract: "Takes requests from accepted to certified.",
        discussion: """
            Any number of replicas may share a database, each under its own name. Each option can also be given by the \
            environment variable named with it. A database password belongs into the environment: other users of the \
            machine can see a command line.
            """)

    @OptionGroup var options: AggregatorCommandOptions
    @OptionGroup var log: LogArguments

    func run() async throws {
        OpenSSLLifetime.lastsUntilExit()
        var settings = try options.resolve()
        let logger = try log.start("consensus-aggregator")
        let links = try options.secure(&settings, logger: logger)
        let service = try AggregatorService(settings, logger: logger, metrics: .ofProcess())
        try await runServices(links + [service], logger: logger)
    }
}
