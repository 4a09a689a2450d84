import Canonical
import GGUF
import Kernels
import Synchronization

/// Runs one model exactly: the same bytes for the same request, whatever the options and whatever else is running.
///
/// Requests join and leave the running batch at every token, on the engine's own threads; callers only suspend.
public final class Engine: Sendable {
    /// The model's tokenizer.
    public let tokenizer: Tokenizer
    /// The model's sizes.
    public let configuration: ModelConfiguration
    /// Positions of a sequence at most, prompt and answer together.
    public let contextLength: Int
    /// The model's chat template, or why there is none: the file has none, or one that is not supported. A model can be
    /// asked without one.
    public let chatTemplate: Result<ChatTemplate, ChatTemplateError>
    /// Requests that run at the same time; more wait.
    public let sequences: Int
    private let scheduler: Scheduler
    private let thread: EngineThread
    private let queueLimit: Int

    /// Loads a GGUF file. The file is not needed afterwards.
    public init(modelPath: String, options: EngineOptions = EngineOptions()) throws(EngineError) {
        try options.validate()
        let parts = try Parts(modelPath, options)
        MemoryRegion.releaseFreedMemory()
        (tokenizer, chatTemplate) = (parts.tokenizer, parts.chatTemplate)
        configuration = parts.model.configuration
        contextLength = min(configuration.contextLength, options.contextLength ?? .max)
        (queueLimit, sequences) = (options.queueLimit, options.sequences)
        scheduler = Scheduler(model: parts.model, options: options)
        thread = try EngineThread(scheduler, cpu: options.cpus?.first)
    }

    /// What is made of a file. Its texts, which take as much memory as what is made of them, are gone afterwards.
    private struct Parts {
        let tokenizer: Tokenizer
        let chatTemplate: Result<ChatTemplate, ChatTemplateError>
        let model: any LanguageModel

        init(_ path: String, _ options: EngineOptions) throws(EngineError) {
            let file: GGUFFile
            do throws(GGUFError) { file = try GGUFFile(path: path) } catch { throw .file(error) }
            do throws(TokenizerError) {
                let metadata = try TokenizerMetadata(gguf: file.header)
                chatTemplate = Result { () throws(ChatTemplateError) in try ChatTemplate(metadata: metadata) }
                tokenizer = try Tokenizer(metadata: metadata)
            } catch { throw .tokenizer(error) }
            model = try Engine.model(file, options, options.contextLength ?? .max)
            guard tokenizer.vocabularySize <= model.configuration.vocabulary else {
                throw .model(
                    .invalidMetadata(key: "tokenizer.ggml.tokens", reason: "has more tokens than the embeddings"))
            }
        }
    }

    private static func model(_ file: GGUFFile, _ options: EngineOptions, _ context: Int)
        throws(EngineError) -> any LanguageModel
    {
        if options.instructionSet == .reference {
            return try EngineError.ofModel { () throws(ModelError) in try ReferenceModel(file) }
        }
        guard let kernels = KernelSet(options.instructionSet) else {
            throw .unsupportedInstructionSet(options.instructionSet.rawValue)
        }
        return try PackedModel(file, kernels: kernels, options: options, context: context)
    }

    /// Continues `prompt`.
    ///
    /// - Parameters:
    ///   - maxTokens: tokens at most; the context may end the answer earlier.
    ///   - stopTokens: tokens that end the answer; nil: the tokenizer's stop tokens.
    ///   - onToken: called on a thread of the engine for each token as it is drawn; must be quick.
    ///   - endsAnswer: asked on a thread of the engine with each token whether the answer ends with it, as if it were a
    ///     stop token: for stop texts. Must depend on the tokens alone.
    ///   - deadline: when the request is given up, waiting or running.
    ///   - isCancelled: asked between steps, besides the task's own cancellation.
    /// - Throws: ``EngineError/cancelled``, ``EngineError/deadlineExceeded`` and what is wrong with the request.
    public func generate(
        prompt: [TokenID], sampling: SamplingParameters, seed: NoiseSeed, challenge: TraceChallenge, maxTokens: Int,
        stopTokens: Set<TokenID>? = nil, onToken: @escaping @Sendable (TokenID) -> Void = { _ in },
        endsAnswer: @escaping @Sendable (TokenID) -> Bool = { _ in false },
        deadline: ContinuousClock.Instant? = nil, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) async throws(EngineError) -> Generation {
        let request = SequenceRequest(
            prompt: prompt, sampling: sampling, seed: seed, challenge: challenge,
            stopTokens: stopTokens ?? tokenizer.stopTokens, endsAnswer: endsAnswer)
        try check(prompt)
        let sampler = try sampler(request)
        let limit = max(0, min(maxTokens, contextLength - prompt.count))
        let finished = try await perform(deadline, isCancelled) { control, completion in
            GenerationJob(
                request, limit: limit, sampler: sampler, onToken: onToken, control: control, completion: completion)
        }
        return finished()
    }

    /// Checks a finished answer: feeds the given tokens and draws at every position, many positions in one pass.
    public func replay(
        prompt: [TokenID], tokens: [TokenID], sampling: SamplingParameters, seed: NoiseSeed,
        challenge: TraceChallenge, maxTokens: Int, stopTokens: Set<TokenID>? = nil,
        endsAnswer: @escaping @Sendable (TokenID) -> Bool = { _ in false }, deadline: ContinuousClock.Instant? = nil,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) async throws(EngineError) -> Replay {
        let request = SequenceRequest(
            prompt: prompt, sampling: sampling, seed: seed, challenge: challenge,
            stopTokens: stopTokens ?? tokenizer.stopTokens, endsAnswer: endsAnswer)
        try check(prompt)
        let limit = max(0, min(maxTokens, contextLength - prompt.count))
        // What is no token is not fed; that it is not drawn either shows at its place.
        let known = tokens.prefix(limit).prefix { (0..<configuration.vocabulary).contains(Int($0)) }
        let sampler = try sampler(request)
        let finished = try await perform(deadline, isCancelled) { control, completion in
            ReplayJob(
                request, given: tokens, fed: Array(known), limit: limit, sampler: sampler, control: control,
                completion: completion)
        }
        return finished()
    }

    /// The logits after every given position of `tokens`, each handed to `onLogits` with its position and final hidden
    /// state on a thread of the engine; both are valid only during the call. Returns the first position that fails.
    package func score(
        tokens: [TokenID], from first: Int,
        onLogits: @escaping @Sendable (Int, UnsafeMutableBufferPointer<Float>, UnsafeBufferPointer<Float>) -> Void
    ) async throws(EngineError) -> Int? {
        try check(tokens)
        precondition(tokens.indices.contains(first), "outputs of no position")
        return try await perform(nil, { false }) { control, completion in
            ScoreJob(tokens, from: first, control: control, visit: onLogits, completion: completion)
        }
    }

    /// What the engine has done so far.
    package var counts: SchedulerCounts { scheduler.counts }

    /// Refuses what cannot be computed, or not now, before it takes memory of its own.
    private func check(_ tokens: [TokenID]) throws(EngineError) {
        guard !scheduler.isFull else { throw .queueFull(limit: queueLimit) }
        guard !tokens.isEmpty else { throw .emptyPrompt }
        guard tokens.count <= contextLength else {
            throw .promptTooLong(tokens: tokens.count, limit: contextLength)
        }
        for token in tokens where !(0..<configuration.vocabulary).contains(Int(token)) { throw .invalidToken(token) }
    }

    private func sampler(_ request: SequenceRequest) throws(EngineError) -> sending Sampler {
        do throws(SamplingError) {
            return try Sampler(
                parameters: request.sampling, seed: request.seed, vocabularySize: configuration.vocabulary)
        } catch { throw .sampling(error) }
    }

    /// Hands a job to the engine's thread and waits for its result.
    private func perform<Output: Sendable>(
        _ deadline: ContinuousClock.Instant?, _ isCancelled: @escaping @Sendable () -> Bool,
        _ job: (JobControl, @escaping @Sendable (Result<Output, EngineError>) -> Void) -> SequenceJob
    ) async throws(EngineError) -> Output {
        let flag = CancellationFlag()
        let control = JobControl(isCancelled: { flag.isSet || isCancelled() }, deadline: deadline)
        let result: Result<Output, EngineError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let accepted = scheduler.submit(job(control) { continuation.resume(returning: $0) })
                if !accepted { continuation.resume(returning: .failure(.queueFull(limit: queueLimit))) }
            }
        } onCancel: {
            flag.set()
        }
        return try result.get()
    }
}

private final class CancellationFlag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
