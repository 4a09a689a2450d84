import Foundation
import Inference
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc

    /// While tokens are drawn nothing is allocated. `scripts/count-allocations` brings the counter.
    struct AllocationTests {
        private typealias Counter = @convention(c) @Sendable () -> Int
        private static let counter: Counter? = {
            // Of this process: `swift test` runs it with the counter preloaded.
            guard let symbol = dlsym(nil, "dna_allocations") else { return nil }
            return unsafeBitCast(symbol, to: Counter.self)
        }()

        /// The counter when a sequence drew its first steady token, and its last.
        private final class Span: Sendable {
            let first = Atomic<Int>(0)
            let last = Atomic<Int>(0)
            private let tokens = Atomic<Int>(0)
            private let steady: Int

            init(steady: Int) { self.steady = steady }

            var isNew: Bool { tokens.load(ordering: .relaxed) == 0 }

            func note(_ now: Int) {
                if tokens.wrappingAdd(1, ordering: .relaxed).newValue == steady { first.store(now, ordering: .relaxed) }
                last.store(now, ordering: .relaxed)
            }
        }

        struct Way: Sendable, CustomStringConvertible {
            let threads: Int
            let plan: ShardPlan
            let sequences: Int
            let guessing: Bool
            var description: String { "\(sequences) by \(threads), \(plan)\(guessing ? ", guessing" : "")" }
        }

        static let ways = [
            Way(threads: 1, plan: .rows, sequences: 1, guessing: false),
            Way(threads: 1, plan: .rows, sequences: 1, guessing: true),
            Way(threads: 1, plan: .rows, sequences: 4, guessing: true),
            Way(threads: 2, plan: .rows, sequences: 1, guessing: true),
            Way(threads: 2, plan: .rows, sequences: 4, guessing: true),
            Way(threads: 2, plan: .pipeline, sequences: 4, guessing: true),
        ]

        @Test(.enabled(if: counter != nil, "needs `scripts/count-allocations`"), arguments: ways)
        func drawingTokensAllocatesNothing(_ way: Way) async throws {
            let counter = try #require(Self.counter)
            let engine = try Engine(
                modelPath: FamilyVector("llama").path,
                options: EngineOptions(
                    threads: way.threads, shardPlan: way.plan, cachePositions: 4096, guessing: way.guessing))
            var sampling = SamplingParameters()
            sampling.temperature = 0.8
            sampling.topP = 0.9
            sampling.repetitionPenalty = 1.1
            let (parameters, spans) = (sampling, (0..<way.sequences).map { _ in Span(steady: 60) })
            let begin = DispatchSemaphore(value: 0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, span) in spans.enumerated() {
                    group.addTask {
                        let prompt = (0..<20).map { TokenID(1 + (7 * index + $0 % 5) % 60) }
                        _ = try await engine.generate(
                            prompt: prompt, sampling: parameters,
                            seed: NoiseSeed(bytes: Array(repeating: UInt8(index), count: 32))!,
                            challenge: TraceChallenge(bytes: Array(repeating: 9, count: 32))!, maxTokens: 230,
                            stopTokens: [],
                            onToken: { _ in
                                // Nobody goes on before all are there.
                                if span.isNew { begin.wait() }
                                span.note(counter())
                            })
                    }
                }
                while engine.counts.waiting + engine.counts.running < way.sequences { await Task.yield() }
                for _ in spans { begin.signal() }
                try await group.waitForAll()
            }
            // From when all are steady until the first one ends.
            let first = spans.map { $0.first.load(ordering: .relaxed) }.max()!
            let last = spans.map { $0.last.load(ordering: .relaxed) }.min()!
            try #require(first > 0)
            #expect(last == first, "\(last - first) allocations")
        }
    }
#endif
