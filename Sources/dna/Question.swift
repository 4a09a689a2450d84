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
    ///
    /// What was not said has to be the model's default: whoever fills it in could otherwise choose the noise.
    ///
    /// - Parameter registrations: what administrators of the network said of the model, verified.
    func mismatch(
        with bundle: Bundle, answer: GatewayAnswer, registrations: [ModelRegistration] = []
    ) -> String? {
        let (request, manifest) = (bundle.evidence.request, bundle.evidence.manifest)
        let isAlias = registrations.contains { $0.body.alias == model && $0.body.model == request.model }
        if model != request.model.description, !isSameText(model, manifest.name), !isAlias { return "the model" }
        var sampling = manifest.sampling
        if let temperature { sampling.temperature = temperature }
        let meant = Request(
            network: request.network, model: request.model,
            input: .init(messages: [.init(role: .user, content: prompt)]), sampling: sampling,
            maximumTokens: maximumTokens, seed: seed.flatMap { Int64($0).map { Seed(integer: $0) } ?? Seed(hex: $0) },
            policy: manifest.policy, client: .init(idempotencyKey: idempotencyKey))
        if let field = request.firstDifference(from: meant) { return field }
        return isSameText(bundle.output.text, answer.text) ? nil : "the answer's text"
    }

    /// By bytes: Swift calls texts equal that only look alike.
    private func isSameText(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
}
