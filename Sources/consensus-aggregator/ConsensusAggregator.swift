import AggregatorService
import ArgumentParser
import Logging
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

    func run() async throws {
        let options = try options.resolve()
        bootstrapLogging(level: .info)
        let logger = Logger(label: "consensus-aggregator")
        let service = try AggregatorService(options, logger: logger, metrics: .ofProcess())
        try await runServices([service], logger: logger)
    }
}
