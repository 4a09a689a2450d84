import ArgumentParser
import DNAProtocol
import Foundation
import LocalNetwork
import NodeState

/// `dna model …`.
struct ModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Make, publish and fetch model packages.",
        subcommands: [
            Pack.self, ModelCIDCommand.self, ModelPushCommand.self, ModelPullCommand.self, ModelCacheCommand.self,
        ])

    /// `dna model pack`.
    struct Pack: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pack",
            abstract: "Write a package around a GGUF file: a manifest beside a link to it.",
            discussion: """
                The manifest's policy is a majority of a committee of three, of five at most. Prints the model's id, \
                the manifest's digest; the same file always makes the same package. `dna up` does this by itself.
                """)

        @Argument(help: "The GGUF file; its path must be the same wherever the package is used.") var weights: String
        @Option(help: "The package's folder.") var output: String
        @Option(help: "The genesis whose bounds the policy must keep.") var genesis: String

        func run() async throws {
            let path = URL(fileURLWithPath: weights).standardizedFileURL.path
            let genesis = try JSONFile.read(Genesis.self, path: genesis)
            Console.output("model \(try LocalModel.prepare(weights: path, folder: output, genesis: genesis))")
        }
    }
}
