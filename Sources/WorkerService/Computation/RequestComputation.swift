public import Canonical
public import DNAProtocol
public import Inference

/// What a request asks for, computed: a function of the model package and the request, and of nothing else.
///
/// The worker votes with it, a replay compares with it, and `dna generate` prints it.
public struct RequestComputation: Sendable {
    /// The model.
    public let model: PublishedModel
    /// Runs the model.
    public let engine: Engine
    /// Positions of prompt and answer together, by the manifest and the weights.
    public let contextLength: Int
    private let template: Result<ChatTemplate, ChatTemplateError>

    /// Joins a model with the engine that has loaded its weights.
    ///
    /// Throws when the engine was given less context than the model has, so that its answers would end too early, and
    /// when the model's chat template is not supported.
    public init(model: PublishedModel, engine: Engine) throws(ComputationError) {
        self.model = model
        let manifest = model.manifest
        self.engine = engine
        contextLength = min(manifest.contextLength, engine.configuration.contextLength)
        guard engine.contextLength >= contextLength else {
            throw .contextTooShort(engine: engine.contextLength, model: contextLength)
        }
        guard manifest.chatTemplate == Manifest.partOfWeights else {
            template = .failure(.missing)
            return
        }
        template = engine.chatTemplate
        if case .failure(let error) = template { throw .chatTemplate(error) }
    }

    /// The input as the model reads it: messages through the chat template, a text as it is, after the begin token if
    /// the model wants one or the text has no token at all. No tokens if the chat template refuses the messages.
    public func prompt(of input: Request.Input) throws(ComputationError) -> Prompt {
        Prompt(tokens: try tokens(of: input).map(Int.init))
    }

    private func tokens(of input: Request.Input) throws(ComputationError) -> [TokenID] {
        guard let messages = input.messages else { return try tokens(ofText: input.prompt ?? "") }
        return (try? tokens(of: messages)) ?? []
    }

    private func tokens(of messages: [Request.Message]) throws(ChatTemplateError) -> [TokenID] {
        let messages = messages.map { ChatMessage(role: $0.role.rawValue, content: $0.content) }
        let tokens = try template.get().encode(messages, with: engine.tokenizer)
        guard tokens.isEmpty else { return tokens }
        guard let begin = engine.tokenizer.beginToken else { throw .emptyPrompt }
        return [begin]
    }

    private func tokens(ofText text: String) throws(ComputationError) -> [TokenID] {
        let tokenizer = engine.tokenizer
        // A user's text never becomes a control token.
        let tokens = tokenizer.encodeDocument(text)
        if !tokens.isEmpty { return tokens }
        guard let begin = tokenizer.beginToken else { throw .noBeginToken }
        return [begin]
    }

    /// Computes the answer to `request`.
    ///
    /// - Parameters:
    ///   - onToken: called with each token as it is drawn, on the engine's thread; must be quick.
    ///   - isCancelled: asked between tokens, besides the task's own cancellation.
    public func compute(
        _ request: Request, onToken: @escaping @Sendable (Int) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) async throws(ComputationError) -> ComputedAnswer {
        let work: Work
        switch try prepare(request) {
        case .refused(let answer): return answer
        case .accepted(let accepted): work = accepted
        }
        let generation: Generation
        do throws(EngineError) {
            generation = try await engine.generate(
                prompt: work.prompt, sampling: SamplingParameters(request.sampling), seed: work.seed,
                challenge: work.challenge, maxTokens: work.maximumTokens, onToken: { onToken(Int($0)) },
                endsAnswer: { work.text.ends(with: $0) }, isCancelled: isCancelled)
        } catch { throw .engine(error) }
        return work.answer(
            generation.tokens, generation.finishReason, trace: generation.traceRoot, timings: generation.timings)
    }

    /// What a replay of given tokens came to.
    public enum Replayed: Sendable {
        /// The answer begins with these tokens, which may be all of it.
        case equal(ComputedAnswer)
        /// The first token that is not the answer's; nil where the answer has ended.
        case differs(index: Int, computed: Int?)
    }

    /// Computes the answer to `request` when its tokens are thought to be known: they are checked many at a time, much
    /// faster than they could be drawn.
    ///
    /// - Parameter onToken: called for each token that was found equal with how many there are, on the engine's thread.
    public func replay(
        _ request: Request, tokens: [Int], onToken: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(ComputationError) -> Replayed {
        let work: Work
        switch try prepare(request) {
        case .refused(let answer): return .equal(answer)
        case .accepted(let accepted): work = accepted
        }
        // No token has a number that does not fit.
        let given = tokens.map { TokenID(exactly: $0) ?? -1 }
        let replay: Replay
        do throws(EngineError) {
            replay = try await engine.replay(
                prompt: work.prompt, tokens: given, sampling: SamplingParameters(request.sampling), seed: work.seed,
                challenge: work.challenge, maxTokens: work.maximumTokens,
                endsAnswer: { token in
                    let ends = work.text.ends(with: token)
                    onToken(work.text.count)
                    return ends
                })
        } catch { throw .engine(error) }
        if let difference = replay.difference {
            return .differs(index: difference.index, computed: difference.expected.map(Int.init))
        }
        return .equal(work.answer(given, replay.finishReason, trace: replay.traceRoot, timings: nil))
    }

    /// What the engine is to do for a request.
    private struct Work: Sendable {
        let prompt: [TokenID]
        let seed: NoiseSeed
        let challenge: TraceChallenge
        let maximumTokens: Int
        let text: AnswerText

        func answer(
            _ tokens: [TokenID], _ finishReason: Inference.FinishReason, trace: Digest, timings: GenerationTimings?
        ) -> ComputedAnswer {
            let output = Output(
                tokens: tokens.map(Int.init), text: text.result, finishReason: FinishReason(finishReason))
            return ComputedAnswer(
                prompt: Prompt(tokens: prompt.map(Int.init)), output: output, trace: trace, timings: timings)
        }
    }

    private enum Prepared {
        case accepted(Work)
        /// The answer, without asking the engine.
        case refused(ComputedAnswer)
    }

    private func prepare(_ request: Request) throws(ComputationError) -> Prepared {
        let randomness = try randomness(of: request)
        guard let seed = NoiseSeed(bytes: randomness.seed.digest.bytes),
            let challenge = TraceChallenge(bytes: randomness.challenge.bytes)
        else { preconditionFailure("a digest has the 32 bytes that seeds and challenges have") }
        let prompt: [TokenID]
        if let messages = request.input.messages {
            do throws(ChatTemplateError) {
                prompt = try tokens(of: messages)
            } catch { return .refused(.refused(error, challenge: challenge)) }
        } else {
            prompt = try tokens(ofText: request.input.prompt ?? "")
        }
        let room = contextLength - prompt.count
        guard room > 0 else { return .refused(.tooLong(prompt: prompt, challenge: challenge)) }
        return .accepted(
            Work(
                prompt: prompt, seed: seed, challenge: challenge, maximumTokens: min(request.maximumTokens, room),
                text: AnswerText(request.stop, engine.tokenizer)))
    }

    private func randomness(of request: Request) throws(ComputationError) -> Randomness {
        do {
            return Randomness(of: request, id: try request.requestID())
        } catch { throw .unencodableRequest }
    }
}

/// A request's answer, and how long it took.
public struct ComputedAnswer: Sendable {
    /// The prompt as the model read it.
    public let prompt: Prompt
    /// The answer.
    public let output: Output
    /// The root of the execution trace.
    public let trace: Digest
    /// How long it took; nil when nothing was generated. No part of the result.
    public let timings: GenerationTimings?

    /// Joins the parts.
    package init(prompt: Prompt, output: Output, trace: Digest, timings: GenerationTimings?) {
        self.prompt = prompt
        self.output = output
        self.trace = trace
        self.timings = timings
    }

    /// What nodes vote on.
    public func result() throws -> Vote.Result {
        Vote.Result(prompt: try prompt.promptID(), output: output, trace: trace)
    }

    static func tooLong(prompt: [TokenID], challenge: TraceChallenge) -> Self {
        refusal(.promptTooLong, prompt: prompt, text: "", challenge)
    }

    /// What the chat template says is the answer, so that a client learns it from the certificate.
    static func refused(_ error: ChatTemplateError, challenge: TraceChallenge) -> Self {
        refusal(.promptRefused, prompt: [], text: error.description, challenge)
    }

    private static func refusal(
        _ reason: DNAProtocol.FinishReason, prompt: [TokenID], text: String, _ challenge: TraceChallenge
    ) -> Self {
        ComputedAnswer(
            prompt: Prompt(tokens: prompt.map(Int.init)),
            output: Output(tokens: [], text: text, finishReason: reason),
            trace: TraceBuilder(challenge: challenge).root, timings: nil)
    }
}

/// Why a request was not computed. None of these is an answer to vote for.
public enum ComputationError: Error, Equatable, CustomStringConvertible {
    /// The engine has less context than the model.
    case contextTooShort(engine: Int, model: Int)
    /// The model's chat template is not supported.
    case chatTemplate(ChatTemplateError)
    /// The prompt needs a begin token and the model has none.
    case noBeginToken
    /// The request has no canonical form.
    case unencodableRequest
    /// The engine did not run, or was cancelled.
    case engine(EngineError)

    /// One sentence; never a prompt.
    public var description: String {
        switch self {
        case .contextTooShort(let engine, let model):
            "the engine holds \(engine) positions, the model has \(model)"
        case .chatTemplate(let error): error.description
        case .noBeginToken: "the prompt needs a begin token, and the model has none"
        case .unencodableRequest: "the request has no canonical form"
        case .engine(let error): error.description
        }
    }
}

extension SamplingParameters {
    /// A request's sampling, as the engine takes it.
    public init(_ sampling: Sampling) {
        self.init(
            temperature: sampling.temperature, topK: sampling.topK, topP: sampling.topP, minP: sampling.minP,
            repetitionPenalty: sampling.repetitionPenalty, presencePenalty: sampling.presencePenalty,
            frequencyPenalty: sampling.frequencyPenalty)
    }
}

/// The name both modules share means here what crosses the network.
private typealias FinishReason = DNAProtocol.FinishReason

extension DNAProtocol.FinishReason {
    /// Why the engine ended, as a vote says it.
    public init(_ reason: Inference.FinishReason) {
        switch reason {
        case .stop: self = .stop
        case .length: self = .length
        case .numericError: self = .numericError
        }
    }
}
