import ArgumentParser

/// `dna nodes …`.
struct NodesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes",
        abstract: "Say which nodes may vote, as an administrator.",
        discussion: """
            Every change is a new roster epoch, signed with the administrator's key and published through an aggregator, \
            whose word is not taken for anything. Which network, as whom and through whom follows from --state, the folder \
            of a network that `dna up` runs (.dna, when it is there), unless options or variables say otherwise.
            """,
        subcommands: [
            NodesListCommand.self, NodesInviteCommand.self, NodesApproveCommand.self, NodesRetireCommand.self,
            NodesRevokeCommand.self, NodesOperatorCommand.self,
        ])
}
