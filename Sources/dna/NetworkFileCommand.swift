import ArgumentParser
import DNAProtocol
import NodeState
import ServiceArguments

extension NetworkCommand {
    /// `dna network file`.
    struct File: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "file",
            abstract: "Fetch the network file, which certificates are verified with.",
            discussion: """
                From any gateway: what it shows is refused unless it is for the genesis given here and every signer of \
                that genesis signed the group key.
                """)

        @OptionGroup var gateway: GatewayArguments
        @Option(help: "The network's genesis, obtained by a way you trust.") var genesis: String
        @Option(help: "Where to write the network file.") var output: String

        func run() async throws {
            let trusted = try JSONFile.read(Genesis.self, path: genesis)
            try await GatewayClient.with(gateway, deadline: .seconds(30)) { client in
                let file = try await client.networkFile()
                guard file.genesis == trusted else {
                    throw ValidationError("the gateway shows another network's file")
                }
                try file.validate()
                try JSONFile.write(file, path: output)
            }
            Console.note("wrote \(output)")
        }
    }
}
