import Canonical
import DNAProtocol

/// What `dna ask` sends, so that the certificate can be held against it.
struct Question {
    let model: String
    let prompt: String
    let maximumTokens: Int
    let temperature: Double?
    let seed: String?
    let idempotencyKey: String

    /// The body of `POST /v1/chat/completions`.
    var body: JSONValue {
        var fields: [String: JSONValue] = [
            "model": .string(model),
            "messages": .array([.object(["role": .string("user"), "content": .string(prompt)])]),
            "max_tokens": .integer(Int64(maximumTokens)),
        ]
        if let temperature { fields["temperature"] = .number(temperature) }
        var extensions: [String: JSONValue] = ["idempotency_key": .string(idempotencyKey)]
        if let seed {
            if let integer = Int64(seed) {
                fields["seed"] = .integer(integer)
            } else {
                extensions["seed"] = .string(seed)
            }
        }
        fields["dna"] = .object(extensions)
        return .object(fields)
    }

    /// What in `bundle` is not what was asked, or not what was shown; nil when all of it is.
    func mismatch(with bundle: Bundle, answer: GatewayAnswer) -> String? {
        let request = bundle.evidence.request
        if request.input.messages != [Request.Message(role: .user, content: prompt)] { return "the prompt" }
        if model != request.model.hex, model != bundle.evidence.manifest.name { return "the model" }
        if request.maximumTokens != maximumTokens { return "max_tokens" }
        if let temperature, request.sampling.temperature != temperature { return "the temperature" }
        if let seed, request.seed != (Int64(seed).map { Seed(integer: $0) } ?? Seed(hex: seed)) { return "the seed" }
        if request.client.idempotencyKey != idempotencyKey { return "the idempotency key" }
        if bundle.output.text != answer.text { return "the answer's text" }
        return nil
    }
}
