import ArgumentParser
import Logging
import ServiceKit
import SignerService

/// Options → service → run.
@main
struct SignerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signer",
        abstract: "Holds one share of a network's group key, and signs decisions it has checked.",
        discussion: """
            At the first start the signers of the genesis generate the group key together; all of them must be running. \
            Each option can also be given by the environment variable named with it.
            """)

    @OptionGroup var options: SignerCommandOptions

    func run() async throws {
        let options = try options.resolve()
        bootstrapLogging(level: .info)
        let logger = Logger(label: "signer")
        let signer = try Signer(options: options, logger: logger, metrics: .ofProcess())
        try await runServices([signer], logger: logger)
    }
}
