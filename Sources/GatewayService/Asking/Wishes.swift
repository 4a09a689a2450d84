package import DNAProtocol

/// Sampling parameters as far as a client names them; the model's manifest has the rest.
package struct SamplingWish: Hashable, Sendable {
    var temperature: Double?
    var topP: Double?
    var topK: Int?
    var minP: Double?
    var repetitionPenalty: Double?
    var presencePenalty: Double?
    var frequencyPenalty: Double?

    init(_ reader: inout FieldReader) throws(OpenAIError) {
        temperature = try reader.take("temperature")?.number()
        topP = try reader.take("top_p")?.number()
        topK = try reader.take("top_k")?.integer(in: 0...1_000_000)
        minP = try reader.take("min_p")?.number()
        repetitionPenalty = try reader.take("repetition_penalty")?.number()
        presencePenalty = try reader.take("presence_penalty")?.number()
        frequencyPenalty = try reader.take("frequency_penalty")?.number()
    }

    /// All parameters, with `defaults` where the client named none.
    package func resolved(with defaults: Sampling) -> Sampling {
        Sampling(
            temperature: temperature ?? defaults.temperature, topP: topP ?? defaults.topP,
            topK: topK ?? defaults.topK, minP: minP ?? defaults.minP,
            repetitionPenalty: repetitionPenalty ?? defaults.repetitionPenalty,
            presencePenalty: presencePenalty ?? defaults.presencePenalty,
            frequencyPenalty: frequencyPenalty ?? defaults.frequencyPenalty)
    }
}

/// Consensus rules as far as a client names them (`dna.policy`); the model's policy has the rest.
package struct PolicyWish: Hashable, Sendable {
    var mode: Policy.Mode?
    var rule: Policy.Rule?
    var quorum: Int?
    var committee: Int?
    var maximumCommittee: Int?

    private static let sizes: ClosedRange = 1...64

    init(_ field: Field) throws(OpenAIError) {
        var reader = try field.members()
        mode = try Self.choice(reader.take("mode"))
        rule = try Self.choice(reader.take("rule"))
        quorum = try reader.take("quorum")?.integer(in: Self.sizes)
        committee = try reader.take("committee")?.integer(in: Self.sizes)
        maximumCommittee = try reader.take("maximum_committee")?.integer(in: Self.sizes)
        try reader.end()
    }

    private static func choice<Choice: RawRepresentable<String>>(_ field: Field?) throws(OpenAIError) -> Choice? {
        guard let field else { return nil }
        guard let choice = Choice(rawValue: try field.string()) else {
            throw OpenAIError.invalid(field.path, "is none of the network's")
        }
        return choice
    }

    /// The whole policy the client means, given the model's.
    package func resolved(with model: Policy) -> Policy {
        let size = committee ?? model.committee
        let rule = rule ?? model.rule
        return Policy(
            mode: mode ?? model.mode, rule: rule, quorum: quorum ?? (rule == model.rule ? model.quorum : nil),
            committee: size, maximumCommittee: maximumCommittee ?? max(model.maximumCommittee, size))
    }
}
