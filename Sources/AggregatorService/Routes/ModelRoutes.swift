import CoordinatorStore
import DNAProtocol
import Hummingbird
import ServiceKit

/// The routes of the models: `openapi/consensus-aggregator.yaml`.
struct ModelRoutes: Sendable {
    let genesis: Genesis
    let store: AggregatorStore
    let clock: any WallClock

    func add(to router: ServiceRouter) {
        router.getJSON("v1/models") { _, _ -> RegisteredModels? in
            try await disclosing { RegisteredModels(models: try await store.registeredModels()) }
        }
        router.group().add(middleware: RequireRole(.administrator))
            .postJSON("v1/models", limit: RegisteredModel.maximumBytes) {
                (registered: RegisteredModel, _) -> ModelRegistration? in
                try await disclosing { try await take(registered) }
            }
    }

    /// Takes the administrators' word on a model: it is served from then on.
    func take(_ registered: RegisteredModel) async throws -> ModelRegistration {
        try registered.validate(in: genesis)
        guard registered.registration.body.at.seconds <= clock.now().seconds + ModelRegistration.tolerance else {
            throw Problem.invalid(
                "registration.body.at", "is more than \(ModelRegistration.tolerance) seconds ahead")
        }
        try await store.register(registered)
        return registered.registration
    }
}
