import Canonical

/// What defines an answer, besides the model and the limit of tokens.
struct SequenceRequest: Sendable {
    let prompt: [TokenID]
    let sampling: SamplingParameters
    let seed: NoiseSeed
    let challenge: TraceChallenge
    let stopTokens: Set<TokenID>
}

/// Runs sequences on a model. Used from one thread only, the engine's.
final class SequenceRunner: @unchecked Sendable {
    /// Called with the position, the output row, and the model; false ends the walk.
    typealias Visit = (Int, Int, any LanguageModel) throws(EngineError) -> Bool

    private let model: any LanguageModel
    private let contextLength: Int

    init(model: any LanguageModel, contextLength: Int) {
        self.model = model
        self.contextLength = contextLength
    }

    private func check(_ tokens: [TokenID]) throws(EngineError) {
        guard !tokens.isEmpty else { throw .emptyPrompt }
        guard tokens.count <= contextLength else {
            throw .promptTooLong(tokens: tokens.count, limit: contextLength)
        }
        for token in tokens where !(0..<model.configuration.vocabulary).contains(Int(token)) {
            throw .invalidToken(token)
        }
    }

    /// Feeds `tokens` and visits the outputs at positions `first...`. Returns the first position with a value that is
    /// not finite.
    func score(
        _ tokens: [TokenID], from first: Int, batched: Bool, isCancelled: () -> Bool, _ visit: Visit
    ) throws(EngineError) -> Int? {
        try check(tokens)
        let cache = model.makeCache(capacity: tokens.count)
        return try walk(tokens, cache, from: first, batched: batched, isCancelled: isCancelled, visit)
    }

    private func walk(
        _ tokens: [TokenID], _ cache: SequenceCache, from first: Int, batched: Bool, isCancelled: () -> Bool,
        _ visit: Visit
    ) throws(EngineError) -> Int? {
        while cache.length < tokens.count {
            guard !isCancelled() else { throw .cancelled }
            let start = cache.length
            let (count, outputs) = plan(start, tokens.count, first, batched)
            let failure = tokens.withUnsafeBufferPointer {
                model.forward(UnsafeBufferPointer(rebasing: $0[start..<start + count]), cache, outputs)
            }
            let firstOutput = outputs == .all ? start : start + count
            for position in firstOutput..<start + (failure ?? count) where firstOutput < start + (failure ?? count) {
                guard try visit(position, position - firstOutput, model) else { return nil }
            }
            if let failure { return start + failure }
        }
        return nil
    }

    /// The next chunk: without outputs before `first`, with all of them from there on.
    private func plan(_ start: Int, _ end: Int, _ first: Int, _ batched: Bool) -> (count: Int, outputs: OutputRows) {
        if start < first { return (min(model.chunkLimit.plain, first - start), .none) }
        return (batched ? min(model.chunkLimit.withOutputs, end - start) : 1, .all)
    }

    private func sampler(_ request: SequenceRequest) throws(EngineError) -> Sampler {
        do throws(SamplingError) {
            let sampler = try Sampler(
                parameters: request.sampling, seed: request.seed, vocabularySize: model.configuration.vocabulary)
            sampler.observe(prompt: request.prompt)
            return sampler
        } catch { throw .sampling(error) }
    }

    func generate(
        _ request: SequenceRequest, maxTokens: Int, onToken: (TokenID) -> Void, endsAnswer: (TokenID) -> Bool,
        isCancelled: () -> Bool
    ) throws(EngineError) -> Generation {
        let prompt = request.prompt
        try check(prompt)
        let sampler = try sampler(request)
        let limit = max(0, min(maxTokens, contextLength - prompt.count))
        let cache = model.makeCache(capacity: prompt.count + limit)
        var answer = Answer(request, limit: limit)
        let clock = ContinuousClock()
        let began = clock.now
        if limit > 0 {
            let failure = try walk(
                prompt, cache, from: prompt.count - 1, batched: true, isCancelled: isCancelled
            ) { (_, row, model) throws(EngineError) in
                answer.draw(sampler, model, row)
                return true
            }
            if failure != nil { answer.finish = .numericError }
        }
        let prefilled = clock.now
        func report(_ token: TokenID) {
            onToken(token)
            if endsAnswer(token) { answer.finish = .stop }
        }
        if let token = answer.tokens.last { report(token) }
        var steps = 0
        while answer.finish == nil, let token = answer.tokens.last {
            guard !isCancelled() else { throw .cancelled }
            let failure = withUnsafePointer(to: token) {
                model.forward(UnsafeBufferPointer(start: $0, count: 1), cache, .last)
            }
            steps += 1
            if failure == nil { answer.draw(sampler, model, 0) } else { answer.finish = .numericError }
            if answer.finish != .numericError, let token = answer.tokens.last { report(token) }
        }
        return Generation(
            tokens: answer.tokens, finishReason: answer.finish ?? .length, traceRoot: answer.trace.root,
            timings: GenerationTimings(
                prefillTokens: limit > 0 ? prompt.count : 0, prefill: prefilled - began, decodeTokens: steps,
                decode: clock.now - prefilled))
    }

    func replay(
        _ request: SequenceRequest, tokens: [TokenID], maxTokens: Int, batched: Bool, isCancelled: () -> Bool
    ) throws(EngineError) -> Replay {
        let prompt = request.prompt
        try check(prompt)
        let limit = max(0, min(maxTokens, contextLength - prompt.count))
        let sampler = try sampler(request)
        var answer = Answer(request, limit: limit)
        var difference: Replay.Difference?
        let given = Array(tokens.prefix(limit))
        // The last given token is drawn, not fed, unless the answer should have gone on after it.
        let fed = prompt + given
        try check(fed)
        let cache = model.makeCache(capacity: fed.count)
        if limit > 0 {
            let failure = try walk(
                fed, cache, from: prompt.count - 1, batched: batched, isCancelled: isCancelled
            ) { (position, row, model) throws(EngineError) in
                guard answer.finish == nil else { return false }
                let index = position - (prompt.count - 1)
                let offered = index < given.count ? given[index] : nil
                difference = answer.compare(sampler, model, row, index: index, given: offered)
                return difference == nil
            }
            if failure != nil, answer.finish == nil, difference == nil { answer.finish = .numericError }
        }
        if difference == nil, answer.finish != nil || limit == 0, tokens.count > answer.tokens.count {
            let index = answer.tokens.count
            difference = Replay.Difference(index: index, expected: nil, given: tokens[index])
        }
        return Replay(
            difference: difference, traceRoot: answer.trace.root, finishReason: answer.finish ?? .length)
    }
}
