/// Continues a prompt.
final class GenerationJob: SequenceJob, @unchecked Sendable {
    private let sampler: Sampler
    private var answer: Answer
    private var lookup = PromptLookup()
    private let onToken: @Sendable (TokenID) -> Void
    private let promptLength: Int
    private let clock = ContinuousClock()
    private let began: ContinuousClock.Instant
    private var prefilled: ContinuousClock.Instant?
    private let completion: @Sendable (Result<Generation, EngineError>) -> Void

    init(
        _ request: SequenceRequest, limit: Int, sampler: Sampler, onToken: @escaping @Sendable (TokenID) -> Void,
        control: JobControl,
        completion: @escaping @Sendable (Result<Generation, EngineError>) -> Void
    ) {
        self.sampler = sampler
        self.onToken = onToken
        self.completion = completion
        answer = Answer(request, limit: limit)
        promptLength = request.prompt.count
        began = clock.now
        sampler.observe(prompt: request.prompt)
        super.init(
            tokens: request.prompt, firstOutput: promptLength - 1, capacity: promptLength + limit, control: control)
        isOver = limit == 0
    }

    override func take(
        position: Int, logits: UnsafeMutableBufferPointer<Float>, hidden: UnsafeBufferPointer<Float>
    ) {
        if prefilled == nil { prefilled = clock.now }
        guard let token = sampler.next(logits: logits, position: position + 1) else {
            answer.finish = .numericError
            isFinished = true
            return
        }
        answer.accept(token, hidden)
        sampler.observe(generated: token)
        append(token)
        onToken(token)
        isFinished = answer.finish != nil
    }

    override func guess(limit: Int) -> Range<Int> { lookup.guess(tokens, limit: limit) }
    override func learn(rightGuesses: Int, of count: Int) { lookup.learn(right: max(0, rightGuesses), of: count) }

    override func fail(position: Int) {
        answer.finish = .numericError
        super.fail(position: position)
    }

    override func complete() {
        if let stopReason { return completion(.failure(stopReason)) }
        let now = clock.now
        let fed = position > promptLength ? position - promptLength : 0
        completion(
            .success(
                Generation(
                    tokens: answer.tokens, finishReason: answer.finish ?? .length, traceRoot: answer.trace.root,
                    timings: GenerationTimings(
                        prefillTokens: min(position, promptLength), prefill: (prefilled ?? now) - began,
                        decodeTokens: fed, decode: now - (prefilled ?? now)))))
    }
}
