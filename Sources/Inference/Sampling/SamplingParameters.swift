/// How the next token is drawn. The defaults change nothing: plain sampling from the model's distribution.
public struct SamplingParameters: Codable, Hashable, Sendable {
    /// Divides the logits, 0 to 2; 0 takes the likeliest token.
    public var temperature: Double
    /// Keep this many of the likeliest tokens, 0 to 1,000,000; 0 keeps all.
    public var topK: Int
    /// Keep the likeliest tokens up to this share of the probability, over 0 to 1; 1 keeps all.
    public var topP: Double
    /// Keep tokens at least this share as likely as the likeliest, 0 to 1; 0 keeps all.
    public var minP: Double
    /// Divides a positive and multiplies a negative logit of every token in the prompt or the answer, 0.01 to 10.
    public var repetitionPenalty: Double
    /// Subtracted once from the logit of every token in the answer, −2 to 2.
    public var presencePenalty: Double
    /// Subtracted from a token's logit for each time it is in the answer, −2 to 2.
    public var frequencyPenalty: Double

    enum CodingKeys: String, CodingKey {
        case temperature
        case topK = "top_k"
        case topP = "top_p"
        case minP = "min_p"
        case repetitionPenalty = "repetition_penalty"
        case presencePenalty = "presence_penalty"
        case frequencyPenalty = "frequency_penalty"
    }

    /// Takes the values as they are; ``validate()`` checks them.
    public init(
        temperature: Double = 1, topK: Int = 0, topP: Double = 1, minP: Double = 0, repetitionPenalty: Double = 1,
        presencePenalty: Double = 0, frequencyPenalty: Double = 0
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.presencePenalty = presencePenalty
        self.frequencyPenalty = frequencyPenalty
    }

    /// Reads JSON in which every field may be missing; a missing one is neutral.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func number(_ key: CodingKeys, _ neutral: Double) throws -> Double {
            try container.decodeIfPresent(Double.self, forKey: key) ?? neutral
        }
        self.init(
            temperature: try number(.temperature, 1),
            topK: try container.decodeIfPresent(Int.self, forKey: .topK) ?? 0,
            topP: try number(.topP, 1),
            minP: try number(.minP, 0),
            repetitionPenalty: try number(.repetitionPenalty, 1),
            presencePenalty: try number(.presencePenalty, 0),
            frequencyPenalty: try number(.frequencyPenalty, 0))
    }

    /// Checks every range; NaN is in none.
    public func validate() throws(SamplingError) {
        try require((0...2).contains(temperature), "temperature", "0 to 2")
        try require((0...1_000_000).contains(topK), "top_k", "0 to 1000000")
        try require(topP > 0 && topP <= 1, "top_p", "over 0 to 1")
        try require((0...1).contains(minP), "min_p", "0 to 1")
        try require((0.01...10).contains(repetitionPenalty), "repetition_penalty", "0.01 to 10")
        try require((-2...2).contains(presencePenalty), "presence_penalty", "-2 to 2")
        try require((-2...2).contains(frequencyPenalty), "frequency_penalty", "-2 to 2")
    }

    private func require(_ condition: Bool, _ field: String, _ range: String) throws(SamplingError) {
        guard condition else { throw .outOfRange(field: field, range: range) }
    }
}

/// Why sampling parameters were refused.
public enum SamplingError: Error, Hashable, CustomStringConvertible {
    /// A parameter, by its JSON name, is outside its range.
    case outOfRange(field: String, range: String)

    /// A sentence that names the field.
    public var description: String {
        switch self {
        case .outOfRange(let field, let range): "\(field) must be in the range \(range)"
        }
    }
}
