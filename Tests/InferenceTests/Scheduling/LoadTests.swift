import Foundation
import Inference
import Kernels
import Synchronization
import Testing

/// One request, asked again and again beside others that come, go and are given up, on engines of every shape.
/// `scripts/check-exactness` asks 10,000 times.
struct LoadTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let generations = environment["DNA_GENERATIONS"].flatMap { Int($0) } ?? 100
    private static let perEngine = 500
    private static let seed = environment["DNA_SEED"].flatMap { UInt64($0) } ?? .random(in: 1 ... .max)

    private struct Answer: Hashable {
        let tokens: [TokenID]
        let trace: String
    }

    /// What the tasks of one engine share.
    private final class Tally: Sendable {
        private let left: Atomic<Int>
        let answers = Mutex<[Answer: Int]>([:])
        let others = Atomic<Int>(0)

        init(_ count: Int) { left = Atomic(count) }

        var isOver: Bool { left.load(ordering: .relaxed) <= 0 }
        func takeOne() -> Bool { left.wrappingSubtract(1, ordering: .relaxed).oldValue > 0 }
        func note(_ answer: Answer) { answers.withLock { $0[answer, default: 0] += 1 } }
    }

    private static func options(_ numbers: inout TestNumbers) -> EngineOptions {
        EngineOptions(
            threads: [1, 2, 2, 3].randomElement(using: &numbers)!,
            shardPlan: ShardPlan.allCases.randomElement(using: &numbers)!, contextLength: 128,
            prefillChunk: [16, 64, 128].randomElement(using: &numbers)!,
            // Down to as little memory as one sequence may need.
            sequences: [4, 16].randomElement(using: &numbers)!,
            cachePositions: [1, 512, 4096].randomElement(using: &numbers)!, guessing: .random(using: &numbers))
    }

    private static func sampling(_ temperature: Double) -> SamplingParameters {
        var sampling = SamplingParameters()
        sampling.temperature = temperature
        sampling.topP = 0.95
        return sampling
    }

    private static func ask(_ engine: Engine) async throws -> Answer {
        let generation = try await engine.generate(
            prompt: engine.tokenizer.encode("Once upon a time, in a land of", parseSpecial: false),
            sampling: sampling(1), seed: NoiseSeed(bytes: Array(repeating: 7, count: 32))!,
            challenge: TraceChallenge(bytes: Array(repeating: 9, count: 32))!, maxTokens: 8)
        return Answer(tokens: generation.tokens, trace: generation.traceRoot.hex)
    }

    /// Some other request, which may be given up at any token.
    private static func disturb(_ engine: Engine, _ numbers: inout TestNumbers) async {
        let prompt = (0..<Int.random(in: 1...60, using: &numbers)).map { _ in
            TokenID.random(in: 0..<1000, using: &numbers)
        }
        let end = Int.random(in: 0...24, using: &numbers)
        let tokens = Atomic<Int>(0)
        _ = try? await engine.generate(
            prompt: prompt, sampling: sampling(0.8), seed: NoiseSeed(bytes: Array(repeating: 1, count: 32))!,
            challenge: TraceChallenge(bytes: Array(repeating: 2, count: 32))!,
            maxTokens: Int.random(in: 1...16, using: &numbers),
            onToken: { _ in tokens.wrappingAdd(1, ordering: .relaxed) },
            isCancelled: { tokens.load(ordering: .relaxed) >= end })
    }

    @Test func oneRequestUnderRandomLoadHasOneAnswer() async throws {
        print("LoadTests: \(Self.generations) generations, DNA_SEED=\(Self.seed)")
        var numbers = TestNumbers(state: Self.seed)
        var (answers, done, others, evictions): ([Answer: Int], Int, Int, Int) = ([:], 0, 0, 0)
        while done < Self.generations {
            let count = min(Self.perEngine, Self.generations - done)
            let options = Self.options(&numbers)
            let engine = try Engine(modelPath: RealModel.path, options: options)
            let tally = Tally(count)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask { while tally.takeOne() { tally.note(try await Self.ask(engine)) } }
                }
                for _ in 0..<4 {
                    let start = numbers.next()
                    group.addTask {
                        var numbers = TestNumbers(state: start)
                        while !tally.isOver {
                            await Self.disturb(engine, &numbers)
                            tally.others.wrappingAdd(1, ordering: .relaxed)
                        }
                    }
                }
                try await group.waitForAll()
            }
            tally.answers.withLock { answers.merge($0) { $0 + $1 } }
            done += count
            others += tally.others.load(ordering: .relaxed)
            evictions += engine.counts.evictions
            #expect(answers.count == 1, "\(options) seed \(Self.seed)")
        }
        #expect(answers.values.reduce(0, +) == Self.generations)
        print(
            "LoadTests: \(done) generations beside \(others) others, \(evictions) evictions:",
            answers.count == 1 ? "one answer" : "\(answers.count) answers")
    }
}
