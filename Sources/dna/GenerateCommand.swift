import ArgumentParser
import Canonical
import Cryptography
import DNAProtocol
import Foundation
import Inference
import ModelPackages

/// `dna generate`: the engine alone, without a network.
struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Run the engine alone: text, token ids, trace root, speed.",
        discussion: """
            The same model, prompt, parameters and seed give the same bytes on every machine, whatever --threads and \
            --isa say.
            """)

    @Option(help: ModelArgument.help) var model: String
    @Option(help: "The text to go on from.") var prompt: String
    @Flag(help: "Take the prompt as a user's message and render the model's chat template.") var chat = false
    @Option(help: "The noise's seed: 64 hexadecimal digits (default: at random).") var seed: String?
    @Option(help: "The trace's challenge: 64 hexadecimal digits (default: zeros).") var challenge: String?
    @Option(help: "Tokens at most.") var maxTokens = 64
    @OptionGroup var sampling: SamplingArguments
    @OptionGroup var engine: EngineArguments
    @Flag(help: "Print the result as JSON.") var json = false

    func validate() throws {
        for (name, value) in [("--seed", seed), ("--challenge", challenge)] where value != nil {
            guard Digest(hex: value ?? "") != nil else {
                throw ValidationError("\(name) must be 64 hexadecimal digits")
            }
        }
        guard maxTokens >= 1 else { throw ValidationError("--max-tokens must be at least 1") }
    }

    func run() async throws {
        let engine = try engine.load(try await ModelArgument.weights(model))
        let seed = seed ?? Hexadecimal.encode(SystemRandom.bytes(count: 32))
        let zeros = String(repeating: "0", count: 64)
        guard let noise = NoiseSeed(hex: seed), let challenge = TraceChallenge(hex: challenge ?? zeros) else {
            throw ValidationError("--seed and --challenge must be 64 hexadecimal digits")
        }
        let tokens = try promptTokens(engine)
        let decoder = TokenPrinter(tokenizer: engine.tokenizer, isSilent: json)
        let generation = try await engine.generate(
            prompt: tokens, sampling: try sampling.parameters(), seed: noise, challenge: challenge,
            maxTokens: maxTokens, onToken: { decoder.print($0) })
        decoder.finish()
        if json { try printJSON(generation, engine, seed, tokens) } else { printText(generation, seed) }
    }

    private func promptTokens(_ engine: Engine) throws -> [TokenID] {
        guard chat else { return engine.tokenizer.encodeDocument(prompt) }
        let message = ChatMessage(role: "user", content: prompt)
        return try engine.chatTemplate.get().encode([message], with: engine.tokenizer)
    }

    private func printText(_ generation: Generation, _ seed: String) {
        let timings = generation.timings
        Console.note("")
        Console.note("seed          \(seed)")
        Console.note("tokens        \(generation.tokens.map(String.init).joined(separator: " "))")
        Console.note("finish reason \(generation.finishReason.rawValue)")
        Console.note("trace         \(generation.traceRoot.hex)")
        Console.note(
            String(
                format: "prefill       %d tokens, %.1f tokens/s", timings.prefillTokens, timings.prefillTokensPerSecond)
        )
        Console.note(
            String(
                format: "decode        %d tokens, %.1f tokens/s", timings.decodeTokens, timings.decodeTokensPerSecond))
    }

    private func printJSON(
        _ generation: Generation, _ engine: Engine, _ seed: String, _ prompt: [TokenID]
    ) throws {
        let result = GenerationReport(
            text: engine.tokenizer.decode(generation.tokens.filter { !engine.tokenizer.stopTokens.contains($0) }),
            tokens: generation.tokens, promptTokens: prompt, finishReason: generation.finishReason.rawValue,
            trace: generation.traceRoot, seed: seed,
            prefill: .init(
                tokens: generation.timings.prefillTokens,
                tokensPerSecond: generation.timings.prefillTokensPerSecond),
            decode: .init(
                tokens: generation.timings.decodeTokens, tokensPerSecond: generation.timings.decodeTokensPerSecond))
        Console.output(try CanonicalJSON.encode(result))
    }
}

/// What `dna generate --json` prints.
private struct GenerationReport: Encodable {
    struct Speed: Encodable {
        var tokens: Int
        var tokensPerSecond: Double

        enum CodingKeys: String, CodingKey {
            case tokens
            case tokensPerSecond = "tokens_per_second"
        }
    }

    var text: String
    var tokens: [TokenID]
    var promptTokens: [TokenID]
    var finishReason: String
    var trace: Digest
    var seed: String
    var prefill: Speed
    var decode: Speed

    enum CodingKeys: String, CodingKey {
        case text, tokens, trace, seed, prefill, decode
        case promptTokens = "prompt_tokens"
        case finishReason = "finish_reason"
    }
}
