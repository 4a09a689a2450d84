import ArgumentParser
import DNAProtocol
import Inference
import ModelPackages
import NodeState
import WorkerService

/// `dna replay CERT --model F`.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Run a certified answer again and compare it token by token.",
        discussion:
            "Exits 0 if every token, the text and the execution trace are the same, and 1 at the first difference.")

    @Argument(help: "The certificate, as `dna ask --certificate` writes it.") var certificate: String
    @Option(help: ModelArgument.help) var model: String
    @OptionGroup var engine: EngineArguments

    func run() async throws {
        let bundle = try JSONFile.read(DNAProtocol.Bundle.self, path: certificate)
        let model = try bundle.evidence.model()
        let weights = try await ModelArgument.weights(self.model, describedBy: model.manifest)
        let computation = try RequestComputation(model: model, engine: try engine.load(weights))
        let report = try await BundleReplay(computation).run(bundle) { done, total in
            Console.progress("replayed \(done) of \(total) tokens")
        }
        Console.endProgress()
        if let mismatch = report.mismatch {
            Console.output("replay: \(mismatch)")
            throw ExitCode(1)
        }
        Console.output("replay: matches, \(report.equalTokens) tokens")
    }
}
