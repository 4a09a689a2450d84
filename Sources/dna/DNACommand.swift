import ArgumentParser
import Cryptography

/// The command line for people.
@main
struct DNACommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dna",
        abstract: "Answers to LLM prompts that nobody has to take on trust.",
        subcommands: [
            UpCommand.self, AskCommand.self, VerifyCommand.self, EvidenceCommand.self, ReplayCommand.self,
            GenerateCommand.self, ScoreCommand.self, BenchCommand.self, InspectCommand.self,
            NetworkCommand.self, NodesCommand.self, ModelCommand.self, WalletCommand.self, MigrateCommand.self,
            KeysCommand.self,
            HealthCommand.self,
            PKICommand.self,
        ])

    static func main() async {
        OpenSSLLifetime.lastsUntilExit()
        await main(nil)
    }
}
