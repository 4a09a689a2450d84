import ArgumentParser
import Cryptography
import DNAProtocol
import NodeState

/// `dna nodes operator`.
struct NodesOperatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator",
        abstract: "Add an operator to the roster, or give one another weight or key.",
        discussion: "Weight belongs to the operator: more nodes bring it throughput, not votes.")

    @OptionGroup var network: AdministratorArguments
    @Argument(help: "The operator's name: a-z, 0-9, '-', '.' and '_'.") var name: String
    @Option(help: "Its weight, 1 to 100; as it is, or 1 for a new one.") var weight: Int?
    @Option(help: "Its public key, with which it may sign invitations of its own.") var key: Ed25519.PublicKey?
    @Option(help: "Make such a key, sealed with the passphrase, in this new file.") var makeKey: String?

    func validate() throws {
        guard Roster.isName(name) else { throw ValidationError("not an operator's name: \(name)") }
        guard weight.map((1...Roster.maximumWeight).contains) != false else {
            throw ValidationError("--weight must be 1 to \(Roster.maximumWeight)")
        }
        guard key == nil || makeKey == nil else { throw ValidationError("--key and --make-key exclude each other") }
    }

    func run() async throws {
        var publicKey = key
        if let makeKey {
            publicKey = try KeyFile.createSigningKey(
                .operator, path: makeKey, passphrase: try network.passphrase()
            ).publicKey
        }
        let (name, weight, newKey) = (name, weight, publicKey)
        try await network.change { plan in
            let known = plan.current.operators.first { $0.name == name }
            plan.set(Roster.Operator(name: name, weight: weight ?? known?.weight ?? 1, key: newKey ?? known?.key))
        }
    }
}
