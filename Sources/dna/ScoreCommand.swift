import ArgumentParser
import Canonical
import Foundation
import Inference

/// `dna score`: how likely a model finds a text.
struct ScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "The log-probability of every token of a text, and the perplexity.",
        discussion: """
            The text is cut into windows that are read one by one, each after the model's begin token if it wants one. \
            A window's first token has nothing before it and is not scored. Logarithms are natural.
            """)

    @Option(help: ModelArgument.help) var model: String
    @Option(help: "A file with the text, UTF-8.") var text: String
    @Option(help: "Tokens of a window, the begin token included.") var window = 512
    @OptionGroup var engine: EngineArguments
    @Flag(help: "Print every token's figures as JSON.") var json = false

    func validate() throws {
        guard window >= 2 else { throw ValidationError("--window must be at least 2") }
    }

    func run() async throws {
        guard let bytes = FileManager.default.contents(atPath: text) else {
            throw ValidationError("--text: cannot read \(text)")
        }
        guard let text = String(data: bytes, encoding: .utf8) else {
            throw ValidationError("--text: \(text) is not UTF-8")
        }
        let engine = try engine.load(try await ModelArgument.weights(model))
        guard window <= engine.contextLength else {
            throw ValidationError("--window: the model's context has \(engine.contextLength) tokens")
        }
        let score = try await TextScore(engine, text: text, window: window) { done, total in
            Console.progress("scoring: \(done * 100 / total) %")
        }
        Console.endProgress()
        if json { return Console.output(try CanonicalJSON.encode(score)) }
        Console.output(
            String(
                format: "perplexity %.4f, mean log-probability %.6f, %d of %d tokens scored", score.perplexity,
                score.meanLogProbability, score.scored, score.tokens.count))
    }
}
