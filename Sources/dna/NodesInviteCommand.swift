import ArgumentParser
import Cryptography
import DNAProtocol
import NodeState

/// `dna nodes invite`.
struct NodesInviteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invite",
        abstract: "Write an invitation for an operator's nodes; with one use it is a single-use token.",
        discussion: """
            Needs no connection: it is signed here, by the administrator or by the operator's own key, and printed. Who \
            holds it may put a node on the roster in that operator's name.
            """)

    @OptionGroup var network: AdministratorArguments
    @Option(help: "The operator, as the roster names it.") var `operator`: String
    @Option(help: "How many nodes may come by it.") var uses = 1
    @Option(help: "How long it is good, as 90s, 15m, 24h or 30d.") var valid = Seconds(argument: "24h")!  // 24h reads
    @Option(help: "Sign with this sealed operator's key, not as an administrator.") var asOperator: String?

    func validate() throws {
        guard (1...Invitation.maximumUses).contains(uses) else {
            throw ValidationError("--uses must be 1 to \(Invitation.maximumUses)")
        }
        guard Roster.isName(`operator`) else { throw ValidationError("--operator is not an operator's name") }
    }

    func run() async throws {
        let genesis = try network.readGenesis()
        let key = try asOperator.map {
            try KeyFile.signingKey(.operator, path: $0, passphrase: try network.passphrase())
        }
        let body = Invitation.Body(
            network: try genesis.networkID(), operator: `operator`,
            serial: SystemRandom.bytes(count: Invitation.Body.serialByteCount), uses: uses,
            expiresAt: AdministratorArguments.now() + valid.value)
        Console.output(try Invitation(body: body, key: try key ?? network.key()).text())
    }
}
