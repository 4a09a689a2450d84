import CoordinatorStore
import DNAProtocol

/// What a request is about; it never changes.
struct RequestSubject: Sendable {
    let id: RequestID
    let request: Request
    let manifest: Manifest
    let randomness: Randomness

    /// Reads and checks a request as signers will: a gateway may have put anything there. Throws `InvalidField`.
    static func load(_ id: RequestID, _ context: DriverContext) async throws -> RequestSubject {
        guard let request = try await context.store.request(id),
            let manifest = try await context.store.manifest(request.model)
        else { throw InvalidField("request.model", "is not registered") }
        func require(_ condition: Bool, _ field: String, _ reason: String) throws {
            if !condition { throw InvalidField(field, reason) }
        }
        try require(try request.requestID() == id, "request", "is not the one its id names")
        try require(request.network == context.network, "request.network", "is not this network")
        try request.validate()
        try request.policy.validate(within: context.options.genesis)
        _ = try manifest.policy.narrowed(by: request.policy)
        return RequestSubject(
            id: id, request: request, manifest: manifest, randomness: Randomness(of: request, id: id))
    }
}
