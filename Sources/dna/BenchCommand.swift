import ArgumentParser
import Canonical
import Foundation
import Inference

/// `dna bench`: how fast the engine is here.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure the engine: prefill, decode, several sequences at a time, verification.",
        discussion: """
            Prompts are random tokens from a fixed seed, never the same twice, so that nothing is shared. Each figure is \
            the median of the repetitions. "batched" counts all tokens that all sequences generate, over the time from \
            the first request to the last answer. "verify" replays the answer of "decode". The memory of keys and values \
            was used before, as in a worker that has served for a while. Guessing is off unless asked for: it depends on \
            the text.
            """)

    @Option(help: ModelArgument.help) var model: String
    @Option(help: "Tokens of the prompt that is read.") var prompt = 512
    @Option(help: "Tokens that a sequence generates.") var tokens = 128
    @Option(help: "Numbers of sequences at a time, separated by commas.") var sequences = "1,2,4,8,16"
    @Option(help: "Times that each is measured.") var repetitions = 5
    @Option(help: "Temperature; 0 takes the likeliest token.") var temperature = 0.0
    @Flag(help: "Guess the next tokens from the text.") var guessing = false
    @OptionGroup var engine: EngineArguments
    @Flag(help: "Print the figures as JSON.") var json = false

    func validate() throws {
        for (name, value) in [("--prompt", prompt), ("--tokens", tokens), ("--repetitions", repetitions)] {
            guard value >= 1 else { throw ValidationError("\(name) must be at least 1") }
        }
        _ = try counts()
    }

    private func counts() throws -> [Int] {
        let counts = sequences.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard counts.allSatisfy({ (1...256).contains($0) }) else {
            throw ValidationError("--sequences: expected numbers in 1...256, separated by commas")
        }
        return counts
    }

    func run() async throws {
        let counts = try counts()
        let path = try await ModelArgument.weights(model)
        let longest = max(prompt, Benchmark.shortPrompt + tokens) + 1
        let positions = max(longest, (counts.max() ?? 1) * (Benchmark.shortPrompt + tokens))
        let clock = ContinuousClock()
        let began = clock.now
        let engine = try engine.load(path) { options in
            options.guessing = guessing
            options.sequences = max(options.sequences, counts.max() ?? 1)
            options.contextLength = longest
            options.cachePositions = positions
        }
        let (load, resident) = (clock.now - began, Process.residentBytes)
        let benchmark = Benchmark(engine, tokens: tokens, temperature: temperature, repetitions: repetitions)
        try await benchmark.fillCache(positions: positions, by: longest)
        let report = BenchReport(
            model: (path as NSString).lastPathComponent, threads: self.engine.threads ?? EngineOptions.machineThreads,
            instructionSet: self.engine.isa.resolved.rawValue, loadSeconds: load / .seconds(1),
            residentBytes: resident, prefill: try await benchmark.prefill(prompt),
            decode: try await benchmark.decode(), batched: try await benchmark.batched(counts),
            verify: try await benchmark.verify())
        json ? Console.output(try CanonicalJSON.encode(report)) : report.print()
    }
}

/// What `dna bench` found.
struct BenchReport: Encodable {
    /// One figure.
    struct Figure: Encodable {
        /// Sequences at a time, where there were several.
        var sequences: Int?
        /// Tokens of one repetition.
        var tokens: Int
        /// Median, slowest and fastest repetition.
        var tokensPerSecond, slowest, fastest: Double

        enum CodingKeys: String, CodingKey {
            case sequences, tokens, slowest, fastest
            case tokensPerSecond = "tokens_per_second"
        }
    }

    var model: String
    var threads: Int
    var instructionSet: String
    var loadSeconds: Double
    var residentBytes: Int
    var prefill, decode: Figure
    var batched: [Figure]
    var verify: Figure

    enum CodingKeys: String, CodingKey {
        case model, threads, prefill, decode, batched, verify
        case instructionSet = "instruction_set"
        case loadSeconds = "load_seconds"
        case residentBytes = "resident_bytes"
    }

    /// Prints a table.
    func print() {
        Console.note("\(model), \(threads) threads, \(instructionSet)")
        Console.note(String(format: "loaded in %.2f s, %d MiB resident", loadSeconds, residentBytes >> 20))
        Console.output("test          tokens   tokens/s    slowest    fastest")
        show("prefill", prefill)
        show("decode", decode)
        for figure in batched { show("batched × \(figure.sequences ?? 1)", figure) }
        show("verify", verify)
    }

    private func show(_ name: String, _ figure: Figure) {
        Console.output(
            name.padding(toLength: 13, withPad: " ", startingAt: 0)
                + String(
                    format: "%7d %10.1f %10.1f %10.1f", figure.tokens, figure.tokensPerSecond, figure.slowest,
                    figure.fastest))
    }
}
