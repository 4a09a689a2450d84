/// Continues a prompt.
final class GenerationJob: SequenceJob, @unchecked Sendable {
    private let ownSampler: Sampler
    private var answer: Answer
    private var lookup = PromptLookup()
    private let onToken: @Sendable (TokenID) -> Void
    private let promptLength: Int
    private let clock = ContinuousClock()
    private let began: ContinuousClock.Instant
    private var prefilled: ContinuousClock.Instant?
    private let completion: @Sendable (Result<Finished, EngineError>) -> Void

    /// The result, whose Merkle tree is the caller's work, not the engine's.
    typealias Finished = @Sendable () -> Generation

    init(
        _ request: SequenceRequest, limit: Int, sampler: Sampler, onToken: @escaping @Sendable (TokenID) -> Void,
        control: JobControl,
        completion: @escaping @Sendable (Result<Finished, EngineError>) -> Void
    ) {
        ownSampler = sampler
        self.onToken = onToken
        self.completion = completion
        answer = Answer(request, limit: limit)
        promptLength = request.prompt.count
        began = clock.now
        sampler.observe(prompt: request.prompt)
        super.init(
            tokens: request.prompt, firstOutput: promptLength - 1, capacity: promptLength + limit,
            drawsTokens: true, control: control)
        isOver = limit == 0
    }

    override var sampler: Sampler? { ownSampler }

    override func take(_ output: Output) {
        if prefilled == nil { prefilled = clock.now }
        guard let token = output.token(by: ownSampler) else {
            answer.finish = .numericError
            isFinished = true
            return
        }
        answer.accept(token, output.hidden)
        ownSampler.observe(generated: token)
        append(token)
        onToken(token)
        isFinished = answer.finish != nil
    }

    override func guess(limit: Int) -> Range<Int> { lookup.guess(tokens, limit: limit) }
    override func learn(rightGuesses: Int, of count: Int) {
        super.learn(rightGuesses: rightGuesses, of: count)
        lookup.learn(right: rightGuesses, of: count)
    }

    override func fail(position: Int) {
        answer.finish = .numericError
        super.fail(position: position)
    }

    override func complete() {
        if let stopReason { return completion(.failure(stopReason)) }
        let now = clock.now
        let fed = position > promptLength ? position - promptLength : 0
        let timings = GenerationTimings(
            prefillTokens: min(position, promptLength), prefill: (prefilled ?? now) - began,
            decodeTokens: fed, decode: now - (prefilled ?? now))
        completion(
            .success { [answer] in
                Generation(
                    tokens: answer.tokens, finishReason: answer.finish ?? .length, traceRoot: answer.trace.root,
                    timings: timings)
            })
    }
}
