import Foundation
import GGUF
import Inference
import Kernels
import Synchronization
import Testing

/// When requests run, wait, are turned away and end. What they answer is ``ExactnessTests``' matter.
struct SchedulingTests {
    private static let seed = NoiseSeed(bytes: Array(repeating: 3, count: 32))!
    private static let challenge = TraceChallenge(bytes: Array(repeating: 9, count: 32))!

    private func engine(_ options: EngineOptions = EngineOptions(threads: 1)) throws -> Engine {
        try Engine(modelPath: FamilyVector("llama").path, options: options)
    }

    private func generate(
        _ engine: Engine, _ prompt: [TokenID] = [1, 2, 3], temperature: Double = 1, maxTokens: Int = 8,
        stopTokens: Set<TokenID> = [], onToken: @escaping @Sendable (TokenID) -> Void = { _ in },
        deadline: ContinuousClock.Instant? = nil
    ) async throws -> Generation {
        var sampling = SamplingParameters()
        sampling.temperature = temperature
        return try await engine.generate(
            prompt: prompt, sampling: sampling, seed: Self.seed, challenge: Self.challenge, maxTokens: maxTokens,
            stopTokens: stopTokens, onToken: onToken, deadline: deadline)
    }

    @Test(arguments: [(1, ShardPlan.rows), (2, .rows), (2, .pipeline), (3, .auto)])
    func whoBeganLastGivesUpItsMemoryAndLosesNothing(_ threads: Int, _ plan: ShardPlan) async throws {
        let prompts = (0..<8).map { index in (0..<20).map { TokenID((7 * index + $0 * $0) % 64) } }
        let roomy = try engine(EngineOptions(threads: 1, contextLength: 96, cachePositions: 4096))
        var expected: [Generation] = []
        for prompt in prompts { expected.append(try await generate(roomy, prompt, maxTokens: 76)) }
        let tight = try engine(
            EngineOptions(threads: threads, shardPlan: plan, contextLength: 96, cachePositions: 1))
        let streams = prompts.map { _ in Stream() }
        let begin = DispatchSemaphore(value: 0)
        let answers = try await withThrowingTaskGroup(of: (Int, Generation).self) { group in
            for (index, (prompt, stream)) in zip(prompts, streams).enumerated() {
                group.addTask {
                    let answer = try await generate(tight, prompt, maxTokens: 76) { token in
                        // Nobody goes on before all are there.
                        if stream.tokens.isEmpty { begin.wait() }
                        stream.append(token)
                    }
                    return (index, answer)
                }
            }
            while tight.counts.waiting + tight.counts.running < prompts.count { await Task.yield() }
            for _ in prompts { begin.signal() }
            return try await group.reduce(into: [Int: Generation]()) { $0[$1.0] = $1.1 }
        }
        #expect(tight.counts.evictions > 0)
        #expect(roomy.counts.evictions == 0)
        for (index, generation) in expected.enumerated() {
            #expect(answers[index]?.tokens == generation.tokens)
            #expect(answers[index]?.traceRoot == generation.traceRoot)
            #expect(answers[index]?.finishReason == generation.finishReason)
            #expect(streams[index].tokens == generation.tokens, "a token was streamed twice, or not at all")
        }
    }

    @Test func aRequestThatAloneFillsAllMemoryIsAnswered() async throws {
        let engine = try engine(EngineOptions(threads: 1, contextLength: 40, cachePositions: 1))
        let prompt = (0..<39).map { TokenID($0) }
        #expect(try await generate(engine, prompt).tokens.count == 1)
        #expect(try await generate(engine, prompt + [5]).tokens.isEmpty)
    }

    @Test func theContextEndsAnAnswer() async throws {
        let engine = try engine(EngineOptions(threads: 1, contextLength: 40))
        let answer = try await generate(engine, maxTokens: .max)
        #expect(answer.tokens.count == 37)
        #expect(answer.finishReason == .length)
    }

    @Test func readingAPromptIsNotPutOffByThoseThatDraw() async throws {
        // A batch has one row, and one sequence or another always has a token to draw.
        let engine = try engine(EngineOptions(threads: 1, prefillChunk: 1, sequences: 4))
        let isRead = Flag()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<3 {
                group.addTask {
                    while !isRead.isSet { _ = try await generate(engine, [TokenID(index)], maxTokens: 200) }
                }
            }
            group.addTask {
                _ = try await generate(engine, (0..<50).map { TokenID($0) }, maxTokens: 1)
                isRead.set()
            }
            try await group.waitForAll()
        }
    }

    /// Runs `body` while the engine stands still with a first request, which is let go by a call of `release`.
    private func whileBusy<R: Sendable>(
        _ engine: Engine, _ body: (_ release: @escaping @Sendable () -> Void) async throws -> R
    ) async throws -> R {
        let (begun, released) = (Flag(), DispatchSemaphore(value: 0))
        async let first = generate(engine, maxTokens: 2) { _ in
            guard !begun.isSet else { return }
            begun.set()
            released.wait()
        }
        while !begun.isSet { await Task.yield() }
        let result = try await body { released.signal() }
        _ = try await first
        return result
    }

    @Test func turnsAwayWhatDoesNotFitTheQueue() async throws {
        let engine = try engine(EngineOptions(threads: 1, sequences: 1, queueLimit: 1))
        let results = try await whileBusy(engine) { release in
            await withTaskGroup(of: EngineError?.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        do { _ = try await generate(engine) } catch { return error as? EngineError }
                        return nil
                    }
                }
                // The engine stands still: only who is turned away can be the first.
                let first = await group.next()
                release()
                return (first, await group.next())
            }
        }
        #expect(results.0 == .queueFull(limit: 1))
        #expect(results.1 == .some(nil))
        #expect(try await generate(engine).tokens.count == 8, "there is room again")
    }

    @Test func givesUpWhatIsNotReadyInTime() async throws {
        let engine = try engine(EngineOptions(threads: 1, sequences: 1))
        await #expect(throws: EngineError.deadlineExceeded) {
            _ = try await generate(engine, deadline: .now - .seconds(1))
        }
        // One that waits, too.
        let error = try await whileBusy(engine) { release in
            async let waiting = generate(engine, deadline: .now - .seconds(1))
            release()
            do { _ = try await waiting } catch { return error as? EngineError }
            return nil
        }
        #expect(error == .deadlineExceeded)
    }

    @Test func aRequestThatWaitsIsCancelledWhileAnotherRuns() async throws {
        let engine = try engine(EngineOptions(threads: 1, sequences: 1))
        let (begun, isCancelled, over) = (Flag(), DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let count = Atomic<Int>(0)
        async let first = generate(engine, maxTokens: 3) { _ in
            switch count.wrappingAdd(1, ordering: .relaxed).newValue {
            case 1:
                begun.set()
                isCancelled.wait()
            // The second token is drawn when the other request is over, or never.
            case 2: over.wait()
            default: break
            }
        }
        while !begun.isSet { await Task.yield() }
        let waiting = Task { try await generate(engine) }
        while engine.counts.waiting == 0 { await Task.yield() }
        waiting.cancel()
        isCancelled.signal()
        await #expect(throws: EngineError.cancelled) { _ = try await waiting.value }
        over.signal()
        #expect(try await first.tokens.count == 3)
    }

    @Test func anEngineEndsWithItsLastReference() async throws {
        weak var engine: Engine?
        do {
            let used = try self.engine(EngineOptions(threads: 2))
            _ = try await generate(used)
            engine = used
        }
        #expect(engine == nil)
    }

    #if os(Linux)
        @Test func threadsEndWithTheirEngine() async throws {
            func threads() throws -> Int {
                try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
            }
            let before = try threads()
            for _ in 0..<20 { _ = try await generate(engine(EngineOptions(threads: 16))) }
            // All but a few that the system started meanwhile; the last engine's may take a moment.
            while try threads() > before + 100 { await Task.yield() }
        }
    #endif

    @Test(arguments: [InstructionSet.reference, .auto])
    func aValueThatIsNotFiniteEndsAnAnswerAndNoOther(_ set: InstructionSet) async throws {
        let whole = try await generate(engine(), maxTokens: 40)
        let index = try #require(
            whole.tokens.indices.first { index in
                index > 2 && !whole.tokens[..<index].contains(whole.tokens[index]) && whole.tokens[index] > 9
            })
        let path = try Self.overflowing(at: whole.tokens[index])
        defer { try? FileManager.default.removeItem(atPath: path) }
        let engine = try Engine(modelPath: path, options: EngineOptions(threads: 2, instructionSet: set))
        async let answer = generate(engine, maxTokens: 40)
        async let unread = generate(engine, [4, whole.tokens[index]], maxTokens: 5)
        async let other = generate(engine, [9, 8, 7], temperature: 0, maxTokens: 2)
        let tokens = Array(whole.tokens[...index])
        #expect(try await answer.tokens == tokens)
        #expect(try await answer.finishReason == .numericError)
        #expect(try await unread.tokens.isEmpty)
        #expect(try await unread.finishReason == .numericError)
        #expect(try await other.tokens.count == 2)
        #expect(try await other.finishReason == .length)
        let replay = try await replay(engine, [1, 2, 3], tokens, maxTokens: 40)
        #expect(replay.difference == nil)
        #expect(replay.finishReason == .numericError)
        #expect(try await replay.traceRoot == answer.traceRoot)
    }

    /// Outputs get their logits a portion at a time; here portions begin and end within the answers of a batch.
    @Test(arguments: [ShardPlan.rows, .pipeline], ["llama", "gemma2"])
    func answersAreCheckedTogetherInPortions(_ plan: ShardPlan, _ model: String) async throws {
        let engine = try Engine(
            modelPath: FamilyVector(model).path, options: EngineOptions(threads: 2, shardPlan: plan))
        let prompts: [[TokenID]] = [[1, 2, 3], [4, 5], [6, 7, 8, 9]]
        var answers: [Generation] = []
        for prompt in prompts { answers.append(try await generate(engine, prompt, maxTokens: 50)) }
        for altered in [nil, 20, 45] {
            let replays = try await whileBusy(engine) { [answers] release in
                try await withThrowingTaskGroup(of: (Int, Replay).self) { group in
                    for (index, (prompt, answer)) in zip(prompts, answers).enumerated() {
                        var tokens = answer.tokens
                        if let altered { tokens[altered] ^= 1 }
                        group.addTask { [tokens] in (index, try await replay(engine, prompt, tokens)) }
                    }
                    while engine.counts.waiting + engine.counts.running < 4 { await Task.yield() }
                    release()
                    return try await group.reduce(into: [Int: Replay]()) { $0[$1.0] = $1.1 }
                }
            }
            for (index, answer) in answers.enumerated() {
                let replay = try #require(replays[index])
                #expect(replay.difference?.index == altered)
                #expect(altered != nil || replay.traceRoot == answer.traceRoot)
            }
        }
    }

    private func replay(
        _ engine: Engine, _ prompt: [TokenID], _ tokens: [TokenID], maxTokens: Int = 50
    ) async throws -> Replay {
        var sampling = SamplingParameters()
        sampling.temperature = 1
        return try await engine.replay(
            prompt: prompt, tokens: tokens, sampling: sampling, seed: Self.seed, challenge: Self.challenge,
            maxTokens: maxTokens, stopTokens: [])
    }

    @Test(arguments: [ShardPlan.rows, .pipeline])
    func aValueThatIsNotFiniteBehindTheFirstPortionEndsAScore(_ plan: ShardPlan) async throws {
        let path = try Self.overflowing(at: 50)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let engine = try Engine(modelPath: path, options: EngineOptions(threads: 2, shardPlan: plan))
        let failing = LogitPortion.outputs + 13
        let visited = Mutex<[Int]>([])
        let tokens = (0..<60).map { TokenID($0 == failing ? 50 : $0 % 40) }
        let failed = try await engine.score(tokens: tokens, from: 0) { position, _, _ in
            visited.withLock { $0.append(position) }
        }
        #expect(failed == failing)
        #expect(visited.withLock(\.self) == Array(0..<failing))
    }

    /// A copy of the model whose embedding of `token` overflows in the first norm.
    private static func overflowing(at token: TokenID) throws -> String {
        let path = try FamilyVector("llama").path
        let tensor = try #require(try GGUFFile(path: path).header.tensors["token_embd.weight"])
        var file = try Data(contentsOf: URL(fileURLWithPath: path))
        let row = tensor.bytes.lowerBound + Int(token) * tensor.shape[0] * 4
        withUnsafeBytes(of: Float(3e38).bitPattern.littleEndian) { file.replaceSubrange(row..<row + 4, with: $0) }
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try file.write(to: copy)
        return copy.path
    }
}

/// Tokens as they come.
private final class Stream: Sendable {
    private let all = Mutex<[TokenID]>([])
    var tokens: [TokenID] { all.withLock(\.self) }
    func append(_ token: TokenID) { all.withLock { $0.append(token) } }
}

/// Set once, by one thread for another.
private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}
