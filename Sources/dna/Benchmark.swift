import Foundation
import Inference

/// Measures one engine.
final class Benchmark {
    /// Tokens before what a sequence generates.
    static let shortPrompt = 16

    private let engine: Engine
    private let tokens: Int
    private let sampling: SamplingParameters
    private let repetitions: Int
    private var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    private let seed = NoiseSeed(bytes: Array(repeating: 1, count: 32))!  // 32 bytes
    private let challenge = TraceChallenge(bytes: Array(repeating: 2, count: 32))!  // 32 bytes

    init(_ engine: Engine, tokens: Int, temperature: Double, repetitions: Int) {
        self.engine = engine
        self.tokens = tokens
        self.repetitions = repetitions
        var sampling = SamplingParameters()
        sampling.temperature = temperature
        self.sampling = sampling
    }

    /// Tokens that were never given before: xorshift64*.
    private func text(_ count: Int) -> [TokenID] {
        (0..<count).map { _ in
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return TokenID((state &* 0x2545_F491_4F6C_DD1D) >> 33) % TokenID(engine.configuration.vocabulary)
        }
    }

    private func generate(_ prompt: [TokenID]) async throws -> Generation {
        try await engine.generate(
            prompt: prompt, sampling: sampling, seed: seed, challenge: challenge, maxTokens: tokens, stopTokens: [])
    }

    /// Uses all the memory of keys and values once: the system clears a page when it is first written.
    func fillCache(positions: Int, by longest: Int) async throws {
        for _ in 0...(positions / longest) {
            _ = try await engine.score(tokens: text(longest - 1), from: longest - 2) { _, _, _ in }
        }
    }

    /// Reads a prompt, up to the logits of its end.
    func prefill(_ count: Int) async throws -> BenchReport.Figure {
        try await measure(count) {
            let text = self.text(count)
            return try await self.time { _ = try await self.engine.score(tokens: text, from: count - 1) { _, _, _ in } }
        }
    }

    /// Generates with one sequence; reading the prompt is not counted.
    func decode() async throws -> BenchReport.Figure {
        try await measure(tokens - 1) { try await self.generate(self.text(Self.shortPrompt)).timings.decode }
    }

    /// Generates with several sequences at a time; reading their prompts is counted.
    func batched(_ counts: [Int]) async throws -> [BenchReport.Figure] {
        var figures: [BenchReport.Figure] = []
        for count in counts {
            var figure = try await measure(count * tokens) {
                let prompts = (0..<count).map { _ in self.text(Self.shortPrompt) }
                let (engine, sampling, seed, challenge, tokens) = (
                    self.engine, self.sampling, self.seed, self.challenge, self.tokens
                )
                return try await self.time {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for prompt in prompts {
                            group.addTask {
                                _ = try await engine.generate(
                                    prompt: prompt, sampling: sampling, seed: seed, challenge: challenge,
                                    maxTokens: tokens, stopTokens: [])
                            }
                        }
                        try await group.waitForAll()
                    }
                }
            }
            figure.sequences = count
            figures.append(figure)
        }
        return figures
    }

    /// Replays an answer. Nothing that its generation computed is used again.
    func verify() async throws -> BenchReport.Figure {
        try await measure(tokens) {
            let prompt = self.text(Self.shortPrompt)
            let answer = try await self.generate(prompt).tokens
            return try await self.time {
                _ = try await self.engine.replay(
                    prompt: prompt, tokens: answer, sampling: self.sampling, seed: self.seed,
                    challenge: self.challenge, maxTokens: self.tokens, stopTokens: [])
            }
        }
    }

    private func time(_ work: () async throws -> Void) async throws -> Duration {
        let clock = ContinuousClock()
        let began = clock.now
        try await work()
        return clock.now - began
    }

    /// Once to warm up, then the repetitions.
    private func measure(_ tokens: Int, _ once: () async throws -> Duration) async throws -> BenchReport.Figure {
        _ = try await once()
        var rates: [Double] = []
        for _ in 0..<repetitions {
            let time = try await once()
            rates.append(Double(max(tokens, 1)) / (time / .seconds(1)))
        }
        rates.sort()
        return BenchReport.Figure(
            tokens: tokens, tokensPerSecond: rates[rates.count / 2], slowest: rates[0], fastest: rates[rates.count - 1])
    }
}

extension Process {
    /// Resident memory of this process, in bytes.
    static var residentBytes: Int {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}
