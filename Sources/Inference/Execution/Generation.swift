public import Canonical

/// Why a generation ended.
public enum FinishReason: String, Codable, Sendable {
    /// A stop token was drawn; it is the last of the tokens.
    case stop
    /// The limit of tokens, or of the context, was reached.
    case length
    /// A value was not finite. Deterministic, so nodes can vote on it.
    case numericError = "numeric_error"
}

/// How long a generation took.
public struct GenerationTimings: Equatable, Sendable {
    /// Tokens of the prompt.
    public var prefillTokens: Int
    /// Until the prompt was processed.
    public var prefill: Duration
    /// Steps of the model after the prefill.
    public var decodeTokens: Int
    /// From the end of the prefill to the last token.
    public var decode: Duration

    /// Prompt tokens a second.
    public var prefillTokensPerSecond: Double { Self.rate(prefillTokens, prefill) }
    /// Generated tokens a second, the first (a product of the prefill) left out.
    public var decodeTokensPerSecond: Double { Self.rate(decodeTokens, decode) }

    private static func rate(_ tokens: Int, _ time: Duration) -> Double {
        tokens > 0 && time > .zero ? Double(tokens) / (time / .seconds(1)) : 0
    }
}

/// What a generation produced.
public struct Generation: Sendable {
    /// The generated tokens, a stop token included.
    public let tokens: [TokenID]
    /// Why it ended.
    public let finishReason: FinishReason
    /// Merkle root over one leaf a token.
    public let traceRoot: Digest
    /// How long it took.
    public let timings: GenerationTimings
}

/// What a replay of given tokens found.
public struct Replay: Sendable {
    /// The first index at which the engine draws another token than the given one, with what it draws (nil: a value
    /// is not finite there).
    public struct Difference: Equatable, Sendable {
        /// Index in the given tokens; their count when the given answer stops too early.
        public let index: Int
        /// The engine's token.
        public let expected: TokenID?
        /// The given token; nil when the given answer stops too early.
        public let given: TokenID?

        /// A difference at `index`.
        public init(index: Int, expected: TokenID?, given: TokenID?) {
            self.index = index
            self.expected = expected
            self.given = given
        }
    }

    /// Nil when every token is the engine's own.
    public let difference: Difference?
    /// Merkle root over the leaves of the given tokens up to the first difference.
    public let traceRoot: Digest
    /// What the finish reason must have been for the tokens up to the first difference.
    public let finishReason: FinishReason
}
