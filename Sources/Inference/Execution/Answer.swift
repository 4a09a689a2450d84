import Canonical

/// An answer as it grows: drawn tokens, their trace, and why it ended. Generation and replay share it, so that both
/// follow one rule.
struct Answer {
    private(set) var tokens: [TokenID] = []
    private(set) var trace: TraceBuilder
    /// Nil while the answer goes on.
    var finish: FinishReason?
    private let promptLength: Int
    private let limit: Int
    private let stopTokens: Set<TokenID>

    init(_ request: SequenceRequest, limit: Int) {
        trace = TraceBuilder(challenge: request.challenge)
        promptLength = request.prompt.count
        stopTokens = request.stopTokens
        self.limit = limit
        tokens.reserveCapacity(min(limit, 1 << 16))
    }

    /// Draws the next token from output row `row`.
    mutating func draw(_ sampler: Sampler, _ model: any LanguageModel, _ row: Int) {
        guard let token = sampler.next(logits: model.logits(row), position: promptLength + tokens.count) else {
            finish = .numericError
            return
        }
        accept(token, sampler, model, row)
    }

    /// Draws, and compares with the given token (nil: the given answer has ended). Only an equal token is accepted.
    mutating func compare(
        _ sampler: Sampler, _ model: any LanguageModel, _ row: Int, index: Int, given: TokenID?
    ) -> Replay.Difference? {
        guard let token = sampler.next(logits: model.logits(row), position: promptLength + tokens.count) else {
            finish = .numericError
            return nil
        }
        guard token == given else { return Replay.Difference(index: index, expected: token, given: given) }
        accept(token, sampler, model, row)
        return nil
    }

    private mutating func accept(_ token: TokenID, _ sampler: Sampler, _ model: any LanguageModel, _ row: Int) {
        trace.append(token: token, hiddenState: model.hidden(row))
        sampler.observe(generated: token)
        tokens.append(token)
        finish = stopTokens.contains(token) ? .stop : tokens.count == limit ? .length : nil
    }
}
