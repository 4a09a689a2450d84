import ArgumentParser
import Cryptography

/// `dna nodes retire`.
struct NodesRetireCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire",
        abstract: "Take nodes off the roster that are gone.",
        discussion: "As if they had left: a node that came by an invitation may come back by it.")

    @OptionGroup var network: AdministratorArguments
    @Argument(help: "The nodes' keys.") var keys: [Ed25519.PublicKey]

    func run() async throws {
        let keys = keys
        try await network.change { plan in
            for key in keys { plan.retire(key) }
        }
    }
}
