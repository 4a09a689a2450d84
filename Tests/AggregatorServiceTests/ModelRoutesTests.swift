import Administration
import DNAProtocol
import ServiceKit
import TestKit
import Testing

/// Administrators say what is served; everybody may read it.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ModelRoutesTests {
    private func another(_ town: Town) throws -> PublishedModel {
        var manifest = town.fixture.manifest
        manifest.name = "another"
        return try PublishedModel(ofSmallFiles: manifest)
    }

    private func body(
        _ town: Town, _ model: PublishedModel, alias: String?, after seconds: Int64 = 0
    ) throws -> ModelRegistration.Body {
        ModelRegistration.Body(
            network: try town.fixture.genesis.networkID(), model: model.id, alias: alias,
            at: town.clock.now() + seconds)
    }

    @Test func anAdministratorsWordIsListed() async throws {
        try await Town.run { town in
            let json = town.json(try await town.startAggregator())
            let administrator = try Administrator(
                genesis: town.fixture.genesis, key: town.fixture.administrator, aggregators: [json], pinPath: nil)
            #expect(try await administrator.models() == [])
            let model = try another(town)
            let registration = try administrator.registration(try body(town, model, alias: "chat"))
            let registered = RegisteredModel(registration: registration, model: model)
            try await administrator.register(registered)
            try await administrator.register(registered)
            #expect(try await administrator.models() == [registered])
            // A replica that was started later knows it too.
            let other = town.json(try await town.startAggregator("two"))
            #expect(try await other.get("/v1/models", as: RegisteredModels.self).models == [registered])
        }
    }

    @Test func refusalsNameTheField() async throws {
        try await Town.run { town in
            let json = town.json(try await town.startAggregator())
            let administrator = try Administrator(
                genesis: town.fixture.genesis, key: town.fixture.administrator, aggregators: [json], pinPath: nil)
            let model = try another(town)
            let ahead = try body(town, model, alias: nil, after: ModelRegistration.tolerance + 1)
            let soon = try body(town, model, alias: "chat", after: 10)
            var unsigned = try administrator.registration(soon)
            unsigned.signatures = []
            let wrong = [
                ("registration.body.at", try administrator.registration(ahead)), ("signatures", unsigned),
            ]
            for (field, registration) in wrong {
                let refusal = try await town.refusal {
                    _ = try await json.post(
                        "/v1/models", RegisteredModel(registration: registration, model: model),
                        as: ModelRegistration.self)
                }
                #expect(refusal?.status == 400 && refusal?.field == field, "\(field)")
            }
            try await administrator.register(
                RegisteredModel(registration: try administrator.registration(soon), model: model))
            let earlier = try administrator.registration(try body(town, model, alias: "chat"))
            let refusal = try await town.refusal {
                _ = try await json.post(
                    "/v1/models", RegisteredModel(registration: earlier, model: model), as: ModelRegistration.self)
            }
            #expect(refusal?.status == 409)
        }
    }
}
