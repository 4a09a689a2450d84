import ArgumentParser
import Cryptography
import Logging
import ServiceArguments
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
    @OptionGroup var log: LogArguments

    func run() async throws {
        OpenSSLLifetime.lastsUntilExit()
        var settings = try options.resolve()
        let logger = try log.start("signer")
        let links = try options.secure(&settings, logger: logger)
        let signer = try Signer(options: settings, logger: logger, metrics: .ofProcess())
        try await runServices(links + [signer], logger: logger)
    }
}
