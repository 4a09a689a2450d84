import Foundation
import Inference
import Kernels
import Synchronization
import Testing

/// A request's result depends on nothing but the model, the prompt, the parameters and the seed: drawn at random, in
/// every way the engine can run it, beside other requests that come and go, it is what the reference computes.
struct ExactnessTests {
    static let models = [
        "llama", "llama3", "mistral", "mixtral", "qwen2", "qwen3", "qwen3moe", "gemma2", "gemma3", "phi3-long",
    ]

    /// One request, and what the reference answers.
    struct Case: Sendable {
        let prompt: [TokenID]
        let sampling: SamplingParameters
        let seed: NoiseSeed
        let challenge = TraceChallenge(bytes: Array(repeating: 5, count: 32))!
        let maxTokens: Int
        let stopTokens: Set<TokenID>

        init(_ numbers: inout TestNumbers, prefix: [TokenID], vocabulary: Int) {
            let own = (0..<Int.random(in: 1...24, using: &numbers)).map { _ in
                TokenID.random(in: 0..<TokenID(vocabulary), using: &numbers)
            }
            prompt = prefix.prefix(Int.random(in: 0...prefix.count, using: &numbers)) + own
            var sampling = SamplingParameters()
            sampling.temperature = [0, 0.7, 1.3].randomElement(using: &numbers)!
            sampling.topK = [0, 5].randomElement(using: &numbers)!
            sampling.topP = [1, 0.9].randomElement(using: &numbers)!
            sampling.minP = [0, 0.05].randomElement(using: &numbers)!
            sampling.repetitionPenalty = [1, 1.2].randomElement(using: &numbers)!
            sampling.presencePenalty = [0, 0.5].randomElement(using: &numbers)!
            sampling.frequencyPenalty = [0, 0.5].randomElement(using: &numbers)!
            self.sampling = sampling
            seed = NoiseSeed(bytes: (0..<32).map { _ in UInt8.random(in: 0...255, using: &numbers) })!
            maxTokens = Int.random(in: 1...20, using: &numbers)
            stopTokens = Set((0..<6).map { _ in TokenID.random(in: 0..<TokenID(vocabulary), using: &numbers) })
        }

        func answer(_ engine: Engine, cancelledAfter limit: Int = .max) async throws(EngineError) -> Generation {
            let counter = Counter()
            return try await engine.generate(
                prompt: prompt, sampling: sampling, seed: seed, challenge: challenge, maxTokens: maxTokens,
                stopTokens: stopTokens, onToken: { _ in counter.add() }, isCancelled: { counter.value >= limit })
        }

        func replay(_ engine: Engine, _ tokens: [TokenID]) async throws -> Replay {
            try await engine.replay(
                prompt: prompt, tokens: tokens, sampling: sampling, seed: seed, challenge: challenge,
                maxTokens: maxTokens, stopTokens: stopTokens)
        }
    }

    /// `DNA_SEED` repeats a failing draw.
    private func seed() -> UInt64 {
        ProcessInfo.processInfo.environment["DNA_SEED"].flatMap { UInt64($0) } ?? .random(in: 1 ... .max)
    }

    private func options(_ numbers: inout TestNumbers) -> EngineOptions {
        let sets = InstructionSet.allCases.filter { $0.isAvailable && $0 != .reference }
        return EngineOptions(
            threads: [1, 2, 3, 8].randomElement(using: &numbers)!,
            shardPlan: ShardPlan.allCases.randomElement(using: &numbers)!,
            instructionSet: sets.randomElement(using: &numbers)!,
            // The longest request's; with the fewest positions for keys and values, it is also all there are.
            contextLength: 84, prefillChunk: [1, 5, 16, 33, 128].randomElement(using: &numbers)!,
            sequences: [1, 2, 3, 16].randomElement(using: &numbers)!,
            cachePositions: [1, 256, 4096].randomElement(using: &numbers)!, guessing: .random(using: &numbers))
    }

    private func expect(
        _ answer: Generation, equals expected: Generation, _ options: EngineOptions, _ seed: UInt64
    ) {
        #expect(answer.tokens == expected.tokens, "\(options) seed \(seed)")
        #expect(answer.traceRoot == expected.traceRoot, "\(options) seed \(seed)")
        #expect(answer.finishReason == expected.finishReason, "\(options) seed \(seed)")
    }

    /// What the draw relies on: each of these changes how a result is computed, and so may not be left out.
    @Test func guessingSharingAndPipeliningHappen() async throws {
        let path = try FamilyVector("llama").path
        let engine = try Engine(modelPath: path, options: EngineOptions(threads: 2, shardPlan: .pipeline))
        let prefix = (0..<40).map { TokenID($0 % 8) }
        @Sendable func ask(_ last: TokenID) async throws {
            var sampling = SamplingParameters()
            // Without chance a small model soon repeats itself.
            sampling.temperature = 0
            _ = try await engine.generate(
                prompt: prefix + [last], sampling: sampling, seed: NoiseSeed(bytes: Array(repeating: 0, count: 32))!,
                challenge: TraceChallenge(bytes: Array(repeating: 0, count: 32))!, maxTokens: 150, stopTokens: [])
        }
        try await ask(9)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for last in 10..<20 { group.addTask { try await ask(TokenID(last)) } }
            try await group.waitForAll()
        }
        #expect(engine.counts.rightGuesses > 0)
        #expect(engine.counts.reusedPositions > 0)
        #expect(engine.counts.concurrentBatches > 1)
    }

    @Test(arguments: models)
    func everyWayGivesTheReferencesBits(_ model: String) async throws {
        let seed = seed()
        print("\(model): DNA_SEED=\(seed)")
        var numbers = TestNumbers(state: seed)
        let path = try FamilyVector(model).path
        let reference = try Engine(modelPath: path, options: EngineOptions(instructionSet: .reference))
        let vocabulary = reference.configuration.vocabulary
        let prefix = (0..<40).map { _ in TokenID.random(in: 0..<TokenID(vocabulary), using: &numbers) }
        let cases = (0..<6).map { _ in Case(&numbers, prefix: prefix, vocabulary: vocabulary) }
        var expected: [Generation] = []
        for item in cases { expected.append(try await item.answer(reference)) }
        for _ in 0..<4 {
            let options = options(&numbers)
            let engine = try Engine(modelPath: path, options: options)
            let load = (0..<12).map { _ in
                (index: Int.random(in: cases.indices, using: &numbers), kind: Int.random(in: 0..<4, using: &numbers))
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, kind) in load {
                    let (item, generation) = (cases[index], expected[index])
                    group.addTask {
                        switch kind {
                        case 0:
                            let replay = try await item.replay(engine, generation.tokens)
                            #expect(replay.difference == nil, "\(options) seed \(seed)")
                            #expect(replay.traceRoot == generation.traceRoot, "\(options) seed \(seed)")
                            #expect(replay.finishReason == generation.finishReason, "\(options) seed \(seed)")
                        case 1:
                            // One that is given up has answered by then, or fails because it is given up.
                            let answer: Generation
                            do throws(EngineError) {
                                answer = try await item.answer(engine, cancelledAfter: 2)
                            } catch {
                                #expect(error == .cancelled, "\(options) seed \(seed)")
                                #expect(generation.tokens.count >= 2, "\(options) seed \(seed)")
                                return
                            }
                            expect(answer, equals: generation, options, seed)
                        default:
                            expect(try await item.answer(engine), equals: generation, options, seed)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}

/// Counts from several threads.
private final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .relaxed) }
    func add() { count.wrappingAdd(1, ordering: .relaxed) }
}
