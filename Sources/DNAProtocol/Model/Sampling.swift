/// How the next token is drawn: every parameter resolved, none left to a default.
public struct Sampling: Codable, Hashable, Sendable {
    /// 0 takes the likeliest token; up to 2.
    public var temperature: Double
    /// Keep the likeliest tokens up to this share of the probability, over 0 to 1; 1 keeps all.
    public var topP: Double
    /// Keep this many of the likeliest tokens; 0 keeps all.
    public var topK: Int
    /// Keep tokens at least this share as likely as the likeliest, 0 to 1; 0 keeps all.
    public var minP: Double
    /// Divides (positive) or multiplies (negative) the logits of tokens already seen; 1 does nothing.
    public var repetitionPenalty: Double
    /// Subtracted once from the logit of a token already generated, −2 to 2.
    public var presencePenalty: Double
    /// Subtracted from the logit of a token for each time it was generated, −2 to 2.
    public var frequencyPenalty: Double

    enum CodingKeys: String, CodingKey {
        case temperature
        case topP = "top_p"
        case topK = "top_k"
        case minP = "min_p"
        case repetitionPenalty = "repetition_penalty"
        case presencePenalty = "presence_penalty"
        case frequencyPenalty = "frequency_penalty"
    }

    /// Plain sampling unless told otherwise.
    public init(
        temperature: Double = 1, topP: Double = 1, topK: Int = 0, minP: Double = 0, repetitionPenalty: Double = 1,
        presencePenalty: Double = 0, frequencyPenalty: Double = 0
    ) {
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.presencePenalty = presencePenalty
        self.frequencyPenalty = frequencyPenalty
    }

    /// Checks every range.
    public func validate() throws(InvalidField) {
        try require((0...2).contains(temperature), "temperature", "must be 0 to 2")
        try require(topP > 0 && topP <= 1, "top_p", "must be over 0 and at most 1")
        try require((0...1_000_000).contains(topK), "top_k", "must be 0 to 1000000")
        try require((0...1).contains(minP), "min_p", "must be 0 to 1")
        try require((0.01...10).contains(repetitionPenalty), "repetition_penalty", "must be 0.01 to 10")
        try require((-2...2).contains(presencePenalty), "presence_penalty", "must be -2 to 2")
        try require((-2...2).contains(frequencyPenalty), "frequency_penalty", "must be -2 to 2")
    }
}
