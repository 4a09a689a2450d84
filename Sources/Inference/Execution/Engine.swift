import Canonical
import GGUF
import Kernels
import Synchronization

/// Runs one model exactly: the same bytes for the same request, whatever the options.
///
/// Requests queue up and run one after another on the engine's own threads; callers only suspend.
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
    private let queue: JobQueue
    private let queueLimit: Int
    private let runner: SequenceRunner

    /// Loads a GGUF file. The file is not needed afterwards.
    public init(modelPath: String, options: EngineOptions = EngineOptions()) throws(EngineError) {
        try options.validate()
        let file: GGUFFile
        do throws(GGUFError) { file = try GGUFFile(path: modelPath) } catch { throw .file(error) }
        do throws(TokenizerError) {
            let metadata = try TokenizerMetadata(gguf: file.header)
            chatTemplate = Result { () throws(ChatTemplateError) in try ChatTemplate(metadata: metadata) }
            tokenizer = try Tokenizer(metadata: metadata)
        } catch { throw .tokenizer(error) }
        do throws(ModelError) { configuration = try ModelConfiguration(file.header) } catch { throw .model(error) }
        contextLength = min(configuration.contextLength, options.contextLength ?? .max)
        guard tokenizer.vocabularySize <= configuration.vocabulary else {
            throw .model(.invalidMetadata(key: "tokenizer.ggml.tokens", reason: "has more tokens than the embeddings"))
        }
        runner = SequenceRunner(
            model: try Self.model(file, options, contextLength), contextLength: contextLength)
        queueLimit = options.queueLimit
        queue = try JobQueue(limit: options.queueLimit, cpu: options.cpus?.first)
    }

    private static func model(_ file: GGUFFile, _ options: EngineOptions, _ context: Int)
        throws(EngineError) -> any LanguageModel
    {
        if options.instructionSet == .reference {
            do throws(ModelError) { return try ReferenceLlama(file) } catch { throw .model(error) }
        }
        guard let kernels = KernelSet(options.instructionSet) else {
            throw .unsupportedInstructionSet(options.instructionSet.rawValue)
        }
        return try Llama(
            file, kernels: kernels, threads: options.threads, cpus: options.cpus, chunk: options.prefillChunk,
            context: context)
    }

    /// Continues `prompt`.
    ///
    /// - Parameters:
    ///   - maxTokens: tokens at most; the context may end the answer earlier.
    ///   - stopTokens: tokens that end the answer; nil: the tokenizer's stop tokens.
    ///   - onToken: called on the engine's thread for each token as it is drawn; must be quick.
    ///   - endsAnswer: asked on the engine's thread after each token whether the answer ends with it, as if it were a
    ///     stop token: for stop texts. Must depend on the tokens alone.
    ///   - isCancelled: asked between steps, besides the task's own cancellation.
    /// - Throws: ``EngineError/cancelled`` and what is wrong with the request.
    public func generate(
        prompt: [TokenID], sampling: SamplingParameters, seed: NoiseSeed, challenge: TraceChallenge, maxTokens: Int,
        stopTokens: Set<TokenID>? = nil, onToken: @escaping @Sendable (TokenID) -> Void = { _ in },
        endsAnswer: @escaping @Sendable (TokenID) -> Bool = { _ in false },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) async throws(EngineError) -> Generation {
        let request = SequenceRequest(
            prompt: prompt, sampling: sampling, seed: seed, challenge: challenge,
            stopTokens: stopTokens ?? tokenizer.stopTokens)
        return try await perform(isCancelled) { (runner, isCancelled) throws(EngineError) in
            try runner.generate(
                request, maxTokens: maxTokens, onToken: onToken, endsAnswer: endsAnswer, isCancelled: isCancelled)
        }
    }

    /// Checks a finished answer: feeds the given tokens and draws at every position.
    ///
    /// - Parameter batched: many positions in one pass (a prefill), or one after another (a decode). The result is the
    ///   same; only the speed differs.
    public func replay(
        prompt: [TokenID], tokens: [TokenID], sampling: SamplingParameters, seed: NoiseSeed,
        challenge: TraceChallenge, maxTokens: Int, stopTokens: Set<TokenID>? = nil, batched: Bool = true,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) async throws(EngineError) -> Replay {
        let request = SequenceRequest(
            prompt: prompt, sampling: sampling, seed: seed, challenge: challenge,
            stopTokens: stopTokens ?? tokenizer.stopTokens)
        return try await perform(isCancelled) { (runner, isCancelled) throws(EngineError) in
            try runner.replay(
                request, tokens: tokens, maxTokens: maxTokens, batched: batched, isCancelled: isCancelled)
        }
    }

    /// The logits after every given position of `tokens`, each handed to `onLogits` with its position and final hidden
    /// state on the engine's thread; both are valid only during the call. Returns the first position that fails.
    package func score(
        tokens: [TokenID], from first: Int, batched: Bool = true,
        onLogits: @escaping @Sendable (Int, UnsafeMutableBufferPointer<Float>, UnsafeBufferPointer<Float>) -> Void
    ) async throws(EngineError) -> Int? {
        try await perform({ false }) { (runner, isCancelled) throws(EngineError) in
            try runner.score(tokens, from: first, batched: batched, isCancelled: isCancelled) { position, row, model in
                onLogits(position, model.logits(row), model.hidden(row))
                return true
            }
        }
    }

    /// Runs a job on the engine's thread.
    private func perform<Output: Sendable>(
        _ isCancelled: @escaping @Sendable () -> Bool,
        _ job: @escaping @Sendable (SequenceRunner, () -> Bool) throws(EngineError) -> Output
    ) async throws(EngineError) -> Output {
        let flag = CancellationFlag()
        let (runner, queue, limit) = (runner, queue, queueLimit)
        let result: Result<Output, EngineError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let accepted = queue.submit {
                    do throws(EngineError) {
                        guard FloatEnvironment.isExact else { throw .floatEnvironment }
                        let output = try job(runner) { flag.isSet || isCancelled() }
                        continuation.resume(returning: .success(output))
                    } catch { continuation.resume(returning: .failure(error)) }
                }
                if !accepted { continuation.resume(returning: .failure(.queueFull(limit: limit))) }
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
