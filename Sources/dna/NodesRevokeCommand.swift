import ArgumentParser
import Cryptography

/// `dna nodes revoke`.
struct NodesRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Shut nodes out for good.",
        discussion: "In force at once, also in rounds that are open. A revoked key never comes back.")

    @OptionGroup var network: AdministratorArguments
    @Argument(help: "The nodes' keys.") var keys: [Ed25519.PublicKey]

    func run() async throws {
        let keys = keys
        try await network.change { plan in
            for key in keys { try plan.revoke(key) }
        }
    }
}
