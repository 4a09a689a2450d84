/// An answer: token ids, their text, and why it ended.
///
/// The text is a function of the tokens and the model; it is in the digest so that a client without the model
/// can hold the text it was given against the certificate.
public struct Output: Codable, Hashable, Sendable, Statement {
    /// `dna/output/1`.
    public static let context = "dna/output/1"

    /// Every token that was drawn, the one that ended the answer included.
    public var tokens: [Int]
    /// What the tokens say, up to a stop text.
    public var text: String
    /// Why it ended.
    public var finishReason: FinishReason

    enum CodingKeys: String, CodingKey {
        case tokens, text
        case finishReason = "finish_reason"
    }

    /// An answer.
    public init(tokens: [Int], text: String, finishReason: FinishReason) {
        self.tokens = tokens
        self.text = text
        self.finishReason = finishReason
    }

    /// The output's id.
    public func outputID() throws -> OutputID { try digest() }
}

/// Why an answer ended.
public enum FinishReason: String, Codable, Hashable, Sendable {
    /// The model ended it, or a stop text appeared.
    case stop
    /// The token limit was reached.
    case length
    /// A value that is not finite appeared: a deterministic failure.
    case numericError = "numeric_error"
    /// The prompt leaves no room in the model's context: a deterministic refusal.
    case promptTooLong = "prompt_too_long"
    /// The model's chat template refuses the conversation, or there is none: a deterministic refusal. There is no prompt;
    /// the answer's text says why.
    case promptRefused = "prompt_refused"

    /// Whether the model was not asked at all, so that there are no tokens.
    public var isRefusal: Bool { self == .promptTooLong || self == .promptRefused }
}
