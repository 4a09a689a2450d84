package import DNAProtocol

extension Question {
    /// The most tokens of a chat answer when the client names no number; the context may allow fewer.
    package static let chatTokens = 1_024
    /// The most tokens of a text answer when the client names no number: OpenAI's own default.
    package static let textTokens = 16

    /// The request this question stands for: the model's defaults filled in, every rule checked.
    package func request(for manifest: Manifest, id: ModelID, in genesis: Genesis) throws -> Request {
        let network = try genesis.networkID()
        do throws(InvalidField) {
            let policy = try manifest.policy.narrowed(by: policy?.resolved(with: manifest.policy))
            try policy.validate(within: genesis)
            let request = Request(
                network: network, model: id, input: input, sampling: sampling.resolved(with: manifest.sampling),
                maximumTokens: maximumTokens ?? defaultTokens(manifest), stop: stop, seed: seed, policy: policy,
                client: .init(idempotencyKey: idempotencyKey))
            try request.validate()
            try manifest.check(request)
            return request
        } catch {
            throw OpenAIError.invalid(Self.clientsName(of: error.field), error.reason)
        }
    }

    private func defaultTokens(_ manifest: Manifest) -> Int {
        let most = min(manifest.contextLength, manifest.limits?.maximumTokens ?? .max)
        return min(style == .chat ? Self.chatTokens : Self.textTokens, most)
    }

    /// The protocol's name of a field, as the client wrote it.
    private static func clientsName(of field: String) -> String {
        field == "idempotency_key" || field.hasPrefix("policy") ? "dna.\(field)" : field
    }
}
