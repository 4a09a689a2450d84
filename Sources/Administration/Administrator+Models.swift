public import DNAProtocol

extension Administrator {
    /// This administrator's word on a model, with those of others who said the same.
    public func registration(
        _ body: ModelRegistration.Body, with others: [AdministratorSignature] = []
    ) throws -> ModelRegistration {
        ModelRegistration(
            body: body,
            signatures: others.filter { $0.administrator != key.publicKey } + [
                .init(administrator: key.publicKey, signature: try body.signed(by: key))
            ])
    }

    /// Has a model served, or served no more. Throws ``InvalidField`` before anything is sent when the network would
    /// refuse it.
    public func register(_ model: RegisteredModel) async throws {
        try model.validate(in: genesis)
        _ = try await aggregators.ask {
            try await $0.post("/v1/models", model, as: ModelRegistration.self, isIdempotent: true)
        }
    }

    /// The models that are registered, verified; what is served for another reason is not among them.
    public func models() async throws -> [RegisteredModel] {
        let listed = try await aggregators.ask { try await $0.get("/v1/models", as: RegisteredModels.self) }
        for model in listed.models { try model.validate(in: genesis) }
        return listed.models
    }
}
