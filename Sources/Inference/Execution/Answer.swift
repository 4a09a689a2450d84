import Canonical

/// What defines an answer, besides the model and the limit of tokens.
struct SequenceRequest: Sendable {
    let prompt: [TokenID]
    let sampling: SamplingParameters
    let seed: NoiseSeed
    let challenge: TraceChallenge
    let stopTokens: Set<TokenID>
    /// Asked with each token of the answer whether the answer ends with it.
    let endsAnswer: @Sendable (TokenID) -> Bool
}

/// An answer as it grows: drawn tokens, their trace, and why it ended. Generation and replay share it, so that both
/// follow one rule.
struct Answer {
    private(set) var tokens: [TokenID] = []
    private(set) var trace: TraceBuilder
    /// Nil while the answer goes on.
    var finish: FinishReason?
    private let limit: Int
    private let stopTokens: Set<TokenID>
    private let endsAnswer: @Sendable (TokenID) -> Bool

    init(_ request: SequenceRequest, limit: Int) {
        let room = min(limit, 1 << 16)
        trace = TraceBuilder(challenge: request.challenge, capacity: room)
        stopTokens = request.stopTokens
        endsAnswer = request.endsAnswer
        self.limit = limit
        tokens.reserveCapacity(room)
    }

    mutating func accept(_ token: TokenID, _ hidden: UnsafeBufferPointer<Float>) {
        trace.append(token: token, hiddenState: hidden)
        tokens.append(token)
        finish = endsAnswer(token) || stopTokens.contains(token) ? .stop : tokens.count == limit ? .length : nil
    }
}
