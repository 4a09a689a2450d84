/// Feeds a given answer, and draws at every position of it.
final class ReplayJob: SequenceJob, @unchecked Sendable {
    private let ownSampler: Sampler
    private var answer: Answer
    private let given: [TokenID]
    private let limit: Int
    private var difference: Replay.Difference?
    private let completion: @Sendable (Result<Finished, EngineError>) -> Void

    /// The result, whose Merkle tree is the caller's work, not the engine's.
    typealias Finished = @Sendable () -> Replay

    init(
        _ request: SequenceRequest, given: [TokenID], fed: [TokenID], limit: Int, sampler: Sampler, control: JobControl,
        completion: @escaping @Sendable (Result<Finished, EngineError>) -> Void
    ) {
        ownSampler = sampler
        self.completion = completion
        self.limit = limit
        self.given = given
        answer = Answer(request, limit: limit)
        sampler.observe(prompt: request.prompt)
        // The last token of a complete answer is drawn, not fed; after an incomplete one it is fed, to see what follows.
        super.init(
            tokens: request.prompt + fed, firstOutput: request.prompt.count - 1,
            capacity: request.prompt.count + fed.count, drawsTokens: false, control: control)
        isOver = limit == 0
    }

    override var sampler: Sampler? { ownSampler }

    override func take(_ output: Output) {
        let index = answer.tokens.count
        let offered = index < min(given.count, limit) ? given[index] : nil
        guard let token = output.token(by: ownSampler) else {
            answer.finish = .numericError
            isFinished = true
            return
        }
        guard token == offered else {
            difference = Replay.Difference(index: index, expected: token, given: offered)
            isFinished = true
            return
        }
        answer.accept(token, output.hidden)
        ownSampler.observe(generated: token)
        isFinished = answer.finish != nil
    }

    override func fail(position: Int) {
        answer.finish = .numericError
        super.fail(position: position)
    }

    override func complete() {
        if let stopReason { return completion(.failure(stopReason)) }
        if difference == nil, answer.finish != nil || limit == 0, given.count > answer.tokens.count {
            let index = answer.tokens.count
            difference = Replay.Difference(index: index, expected: nil, given: given[index])
        }
        completion(
            .success { [answer, difference] in
                Replay(
                    difference: difference, traceRoot: answer.trace.root, finishReason: answer.finish ?? .length)
            })
    }
}
