import ArgumentParser
import Cryptography
import DNAProtocol
import Foundation
import LocalNetwork

/// `dna network …`.
struct NetworkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "Found a network, and look at one.",
        subcommands: [Initialise.self, Provision.self, File.self])

    /// `dna network init`.
    struct Initialise: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "init",
            abstract: "Write a genesis and its first roster, with a local administrator.",
            discussion: """
                Makes every key, seals them with a passphrase, and writes genesis.json and roster.json. The network's \
                id is the genesis's digest. `dna up` does this by itself.
                """)

        @Option(help: "Folder to write to.") var state = ".dna"
        @Option(help: "The network's name.") var name = "local"
        @Option(help: "How many operators.") var operators = 3
        @Option(help: "How many nodes, shared by the operators in turn.") var nodes = 3
        @Option(help: "How many signers.") var signers = 4
        @Option(help: "How many signers make a signature; more than half.") var threshold = 3
        @Flag(help: "Declare a development network: policies may be weaker than is safe.") var development = false
        @Flag(help: "Serve only models that their authors have signed.") var signedModels = false
        @Option(help: "Serve only models that this author has signed, by the public key; repeat it for more.")
        var modelAuthor: [Ed25519.PublicKey] = []

        func validate() throws {
            guard (1...64).contains(operators), (operators...10_000).contains(nodes) else {
                throw ValidationError("--operators must be 1 to 64, and --nodes at least as many")
            }
            guard (2...Genesis.maximumSigners).contains(signers) else {
                throw ValidationError("--signers must be 2 to \(Genesis.maximumSigners)")
            }
            let most = Genesis.ModelRules.maximumAuthors
            guard modelAuthor.count <= most, Set(modelAuthor).count == modelAuthor.count else {
                throw ValidationError("--model-author names \(most) authors at most, each once")
            }
        }

        /// What the genesis says of models; nil for nothing.
        private var models: Genesis.ModelRules? {
            guard modelAuthor.isEmpty else { return .init(signed: true, authors: modelAuthor) }
            return signedModels ? .init(signed: true) : nil
        }

        func run() async throws {
            let folder = NetworkFolder(path: state)
            guard !folder.isFounded else { throw ValidationError("\(folder.genesis) is there already") }
            var options = Founding.Options()
            options.name = name
            options.operators = operators
            options.nodes = nodes
            options.signers = signers
            options.threshold = threshold
            options.development = development
            options.models = models
            let now = Timestamp(seconds: Int64(Date().timeIntervalSince1970))
            let genesis = try Founding(folder: folder).found(options, createdAt: now)
            Console.output("network \(try genesis.networkID())")
            Console.note("wrote \(folder.genesis) and \(folder.roster)")
        }
    }
}
