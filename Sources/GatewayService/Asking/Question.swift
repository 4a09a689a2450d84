package import Canonical
package import DNAProtocol

/// What a client asked, read from OpenAI's JSON, before the model's defaults are filled in.
package struct Question: Hashable, Sendable {
    /// Which of OpenAI's two shapes it came in.
    package enum Style: Hashable, Sendable {
        /// `/v1/chat/completions`
        case chat
        /// `/v1/completions`
        case text

        /// The field that holds what the model reads.
        package var inputField: String { self == .chat ? "messages" : "prompt" }
    }

    /// Which of OpenAI's two shapes it came in.
    package var style: Style
    /// A model's name or id.
    package var model: String
    /// The conversation or text.
    package var input: Request.Input
    /// What it says about sampling.
    package var sampling: SamplingWish
    /// The most tokens of the answer, if it says.
    package var maximumTokens: Int?
    /// Texts at which the answer ends.
    package var stop: [String]
    /// The noise's seed, if it says.
    package var seed: Seed?
    /// What it says about consensus.
    package var policy: PolicyWish?
    /// Tells this attempt from another.
    package var idempotencyKey: String?

    /// Reads a question. `idempotencyKey` is the header's.
    package init(_ style: Style, from json: JSONValue, idempotencyKey: String? = nil) throws(OpenAIError) {
        guard case .object = json else { throw Field("", json).mismatch("a JSON object") }
        var reader = try Field("", json).members()
        self.style = style
        model = try reader.require("model").string()
        switch style {
        case .chat: input = .init(messages: try MessageReader.read(try reader.require("messages")))
        case .text: input = .init(prompt: try Self.prompt(try reader.require("prompt")))
        }
        sampling = try SamplingWish(&reader)
        maximumTokens = try Self.maximumTokens(&reader)
        stop = try Self.stop(&reader)
        seed = nil
        if let field = reader.take("seed") { seed = Seed(integer: try field.integer()) }
        policy = nil
        self.idempotencyKey = idempotencyKey
        if let field = reader.take("dna") { try read(extension: field) }
        try OtherFields.take(from: &reader)
        try reader.end()
    }

    private mutating func read(extension field: Field) throws(OpenAIError) {
        var reader = try field.members()
        if let field = reader.take("seed") {
            guard seed == nil else { throw OpenAIError.invalid(field.path, "goes without seed") }
            guard let exact = Seed(hex: try field.string()) else {
                throw OpenAIError.invalid(field.path, "must be 64 lower-case hexadecimal digits")
            }
            seed = exact
        }
        if let field = reader.take("idempotency_key") {
            let key = try field.string()
            guard idempotencyKey == nil || idempotencyKey == key else {
                throw OpenAIError.invalid(field.path, "is not the Idempotency-Key header's")
            }
            idempotencyKey = key
        }
        if let field = reader.take("policy") { policy = try PolicyWish(field) }
        try reader.end()
    }

    private static func prompt(_ field: Field) throws(OpenAIError) -> String {
        switch field.value {
        case .string(let text): return text
        case .array(let prompts) where prompts.count == 1: return try field.elements()[0].string()
        case .array: throw OpenAIError.invalid(field.path, "only one text is supported", code: "unsupported_value")
        default: throw field.mismatch("a string")
        }
    }

    private static func maximumTokens(_ reader: inout FieldReader) throws(OpenAIError) -> Int? {
        let limit: ClosedRange = 1...1_048_576
        let newer = reader.take("max_completion_tokens")
        let older = reader.take("max_tokens")
        guard let field = newer ?? older else { return nil }
        let value = try field.integer(in: limit)
        if newer != nil, let older, try older.integer(in: limit) != value {
            throw OpenAIError.invalid(older.path, "is not max_completion_tokens; send one of them")
        }
        return value
    }

    private static func stop(_ reader: inout FieldReader) throws(OpenAIError) -> [String] {
        guard let field = reader.take("stop") else { return [] }
        switch field.value {
        case .string(let text): return [text]
        case .array:
            var texts: [String] = []
            for element in try field.elements() { texts.append(try element.string()) }
            return texts
        default: throw field.mismatch("a string or an array of strings")
        }
    }
}
