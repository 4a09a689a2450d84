import Foundation
import Inference
import Kernels
import Synchronization
import Testing

/// The real model, where `scripts/fetch-model` puts it; `DNA_MODEL` names another place.
enum RealModel {
    static let path: String = {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment["DNA_MODEL"] { return path }
        let cache =
            environment["DNA_CACHE"]
            ?? (environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "") + "/.cache") + "/dna-layer"
        return cache + "/models/SmolLM2-135M-Instruct.gguf"
    }()

    static func engine(_ set: InstructionSet = .auto, threads: Int = 2, chunk: Int = 128) throws -> Engine {
        try Engine(
            modelPath: path,
            options: EngineOptions(
                threads: threads, instructionSet: set, contextLength: 512, prefillChunk: chunk))
    }
}

/// What a walk over a sequence produced, as bits.
private final class Recorder: Sendable {
    let bits = Mutex<[Int: [UInt32]]>([:])
    func record(_ position: Int, _ logits: UnsafeMutableBufferPointer<Float>, _ hidden: UnsafeBufferPointer<Float>) {
        let all = logits.map(\.bitPattern) + hidden.map(\.bitPattern)
        bits.withLock { $0[position] = all }
    }
}

@Suite(.serialized) struct EngineTests {
    private static let seed = NoiseSeed(bytes: Array(repeating: 3, count: 32))!
    private static let challenge = TraceChallenge(bytes: Array(repeating: 9, count: 32))!

    private func prompt(_ engine: Engine, _ question: String) -> [TokenID] {
        engine.tokenizer.encode(
            "<|im_start|>user\n\(question)<|im_end|>\n<|im_start|>assistant\n", parseSpecial: true)
    }

    private func sampling(_ temperature: Double) -> SamplingParameters {
        var parameters = SamplingParameters()
        parameters.temperature = temperature
        return parameters
    }

    private func outputs(_ engine: Engine, _ tokens: [TokenID], from first: Int) async throws -> [Int: [UInt32]] {
        let recorder = Recorder()
        let failure = try await engine.score(tokens: tokens, from: first) { recorder.record($0, $1, $2) }
        #expect(failure == nil)
        return recorder.bits.withLock { $0 }
    }

    @Test func knowsTheCapitalOfFrance() async throws {
        let engine = try RealModel.engine()
        let result = try await engine.generate(
            prompt: prompt(engine, "What is the capital of France?"), sampling: sampling(0), seed: Self.seed,
            challenge: Self.challenge, maxTokens: 48)
        #expect(engine.tokenizer.decode(result.tokens).contains("Paris"))
    }

    @Test func everyInstructionSetEqualsTheReference() async throws {
        let reference = try RealModel.engine(.reference)
        let tokens = prompt(reference, "Hi")
        let expected = try await outputs(reference, tokens, from: tokens.count - 2)
        #expect(expected.count == 2)
        for set in KernelEqualityTests.instructionSets {
            let engine = try RealModel.engine(set)
            #expect(try await outputs(engine, tokens, from: tokens.count - 2) == expected)
        }
    }

    @Test func threadsChunksAndDecodingGiveTheSameBits() async throws {
        let engine = try RealModel.engine(threads: 1, chunk: 1)
        let tokens = Array((0..<6).flatMap { _ in prompt(engine, "Name three colours of the rainbow.") })
        #expect(tokens.count > LogitPortion.outputs)
        let expected = try await outputs(engine, tokens, from: 0)
        #expect(expected.count == tokens.count)
        for (threads, chunk) in [(1, 128), (2, 1), (2, 7), (3, 16), (8, 33)] {
            let engine = try RealModel.engine(threads: threads, chunk: chunk)
            #expect(try await outputs(engine, tokens, from: 0) == expected)
            let tail = try await outputs(engine, tokens, from: tokens.count - 1)
            #expect(tail == [tokens.count - 1: expected[tokens.count - 1]!])
        }
    }

    @Test func replayFindsNothingInAnHonestAnswerAndTheFirstLieInAnother() async throws {
        let engine = try RealModel.engine()
        let question = prompt(engine, "Write a short poem.")
        let result = try await engine.generate(
            prompt: question, sampling: sampling(0.9), seed: Self.seed, challenge: Self.challenge, maxTokens: 24)
        func replay(_ tokens: [TokenID]) async throws -> Replay {
            try await engine.replay(
                prompt: question, tokens: tokens, sampling: sampling(0.9), seed: Self.seed,
                challenge: Self.challenge, maxTokens: 24)
        }
        let honest = try await replay(result.tokens)
        #expect(honest.difference == nil)
        #expect(honest.traceRoot == result.traceRoot)
        #expect(honest.finishReason == result.finishReason)
        var altered = result.tokens
        altered[5] ^= 1
        #expect(
            try await replay(altered).difference
                == Replay.Difference(index: 5, expected: result.tokens[5], given: altered[5]))
        #expect(
            try await replay(Array(result.tokens.prefix(4))).difference
                == Replay.Difference(index: 4, expected: result.tokens[4], given: nil))
        let longer = try await replay(result.tokens + [7])
        #expect(
            longer.difference == Replay.Difference(index: result.tokens.count, expected: nil, given: 7))
    }

    /// Only so many tokens of a batch have logits at a time, and a lie, or what a penalty remembers, may lie behind.
    @Test(arguments: [0.0, 0.6])
    func aLongAnswerIsReplayedInPortions(_ penalty: Double) async throws {
        let engine = try RealModel.engine()
        let question = prompt(engine, "Write a short poem.")
        var sampling = sampling(0.9)
        sampling.frequencyPenalty = penalty
        let result = try await engine.generate(
            prompt: question, sampling: sampling, seed: Self.seed, challenge: Self.challenge, maxTokens: 150,
            stopTokens: [])
        func replay(_ tokens: [TokenID]) async throws -> Replay {
            try await engine.replay(
                prompt: question, tokens: tokens, sampling: sampling, seed: Self.seed, challenge: Self.challenge,
                maxTokens: 150, stopTokens: [])
        }
        let honest = try await replay(result.tokens)
        #expect(honest.difference == nil)
        #expect(honest.traceRoot == result.traceRoot)
        for index in [LogitPortion.outputs - 1, LogitPortion.outputs, 100, 149] {
            var altered = result.tokens
            altered[index] ^= 1
            let difference = Replay.Difference(index: index, expected: result.tokens[index], given: altered[index])
            #expect(try await replay(altered).difference == difference)
        }
    }

    @Test func concurrentRequestsGetTheSameAnswers() async throws {
        let engine = try RealModel.engine()
        let question = prompt(engine, "Hello")
        let roots = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try await engine.generate(
                        prompt: question, sampling: self.sampling(1), seed: Self.seed, challenge: Self.challenge,
                        maxTokens: 6
                    ).traceRoot.hex
                }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(roots.count == 1)
    }

    @Test func streamsTokensAndStopsWhenCancelled() async throws {
        let engine = try RealModel.engine()
        let seen = Mutex<[TokenID]>([])
        let question = prompt(engine, "Count to one hundred.")
        let recorder = Atomic<Int>(0)
        await #expect(throws: EngineError.cancelled) {
            try await engine.generate(
                prompt: question, sampling: sampling(0), seed: Self.seed, challenge: Self.challenge, maxTokens: 400,
                onToken: { token in
                    seen.withLock { $0.append(token) }
                    recorder.wrappingAdd(1, ordering: .relaxed)
                }, isCancelled: { recorder.load(ordering: .relaxed) >= 3 })
        }
        #expect(seen.withLock { $0.count } == 3)
    }

    @Test func refusesImpossibleRequests() async throws {
        let engine = try RealModel.engine()
        func run(_ prompt: [TokenID]) async throws {
            _ = try await engine.generate(
                prompt: prompt, sampling: sampling(0), seed: Self.seed, challenge: Self.challenge, maxTokens: 1)
        }
        await #expect(throws: EngineError.emptyPrompt) { try await run([]) }
        await #expect(throws: EngineError.invalidToken(49152)) { try await run([49152]) }
        await #expect(throws: EngineError.promptTooLong(tokens: 513, limit: 512)) {
            try await run(Array(repeating: 5, count: 513))
        }
        #expect(throws: EngineError.self) {
            try Engine(modelPath: RealModel.path, options: EngineOptions(threads: 0))
        }
    }
}
