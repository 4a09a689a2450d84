import CoordinatorStore
import DNAProtocol
import TestKit
import Testing

@Suite(.serialized) struct ModelRegistryTests {
    /// A registration as the store takes it; who signed it is not its business.
    private func registered(
        _ model: PublishedModel, _ alias: String?, at seconds: Int64, in fixture: Fixture
    ) throws -> RegisteredModel {
        let body = ModelRegistration.Body(
            network: try fixture.genesis.networkID(), model: model.id, alias: alias,
            at: Timestamp(seconds: 1_800_000_000 + seconds))
        return RegisteredModel(registration: ModelRegistration(body: body, signatures: []), model: model)
    }

    private func another(_ fixture: Fixture) throws -> PublishedModel {
        var manifest = fixture.manifest
        manifest.name = "another"
        return try PublishedModel(ofSmallFiles: manifest)
    }

    @Test func anAliasStandsForOneModelAndTheLaterWordCounts() async throws {
        try await Fixture.run { fixture in
            let (first, second) = (try fixture.model(), try another(fixture))
            let store = fixture.store
            try await store.register(try registered(first, "chat", at: 1, in: fixture))
            #expect(try await fixture.gateway.model("chat")?.model == first)
            try await store.register(try registered(second, "chat", at: 2, in: fixture))
            let record = try #require(try await fixture.gateway.model("chat"))
            #expect(record.model == second && record.aliases == ["chat"])
            #expect(record.registrations.map(\.body.alias) == ["chat"])
            #expect(try await fixture.gateway.model("test")?.aliases == [])
            #expect(try await fixture.gateway.model("test")?.registrations.map(\.body.model) == [first.id])
            #expect(Set(try await store.registeredModels().map(\.model.id)) == [first.id, second.id])

            // The same word again changes nothing; an earlier one, or another of the same moment, is refused.
            try await store.register(try registered(second, "chat", at: 2, in: fixture))
            for seconds: Int64 in [0, 1, 2] {
                await #expect(throws: StoreError.registrationRefused) {
                    try await store.register(try registered(first, "chat", at: seconds, in: fixture))
                }
            }
            #expect(try await fixture.gateway.model("chat")?.model == second)
        }
    }

    @Test func aWithdrawnModelIsServedNoMoreAndItsAliasesAreFree() async throws {
        try await Fixture.run { fixture in
            let (first, second) = (try fixture.model(), try another(fixture))
            let store = fixture.store
            for (seconds, alias) in [(1, "chat"), (2, "fast")] as [(Int64, String)] {
                try await store.register(try registered(first, alias, at: seconds, in: fixture))
            }
            try await store.register(try registered(second, "other", at: 3, in: fixture))
            var withdrawal = try registered(first, nil, at: 4, in: fixture)
            withdrawal.registration.body.withdrawn = true
            try await store.register(withdrawal)
            try await store.register(withdrawal)

            #expect(try await store.registeredModels().map(\.model) == [second])
            #expect(try await fixture.gateway.models().map(\.model) == [second])
            for word in ["chat", "fast", "test", "\(first.id)"] {
                #expect(try await fixture.gateway.model(word) == nil, "\(word)")
            }
            #expect(try await store.workers(within: 60).map(\.model) == [second.id])
            // For what was asked before.
            #expect(try await store.model(first.id) == first)

            // An earlier word does not bring it back, a later one does, with the alias it names and no other.
            await #expect(throws: StoreError.registrationRefused) {
                try await store.register(try registered(first, "chat", at: 2, in: fixture))
            }
            try await store.register(try registered(second, "fast", at: 5, in: fixture))
            try await store.register(try registered(first, nil, at: 6, in: fixture))
            #expect(try await fixture.gateway.model("chat") == nil)
            #expect(try await fixture.gateway.model("fast")?.model == second)
            try await store.register(try registered(first, "chat", at: 7, in: fixture))
            #expect(try await fixture.gateway.model("chat")?.aliases == ["chat"])
        }
    }

    @Test func nothingIsKeptOfARegistrationThatIsRefused() async throws {
        try await Fixture.run { fixture in
            let (first, second) = (try fixture.model(), try another(fixture))
            try await fixture.store.register(try registered(first, "chat", at: 5, in: fixture))
            await #expect(throws: StoreError.registrationRefused) {
                try await fixture.store.register(try registered(second, "chat", at: 4, in: fixture))
            }
            #expect(try await fixture.store.model(second.id) == nil)
            #expect(try await fixture.store.registeredModels().map(\.model) == [first])
        }
    }

    @Test func anIdGoesBeforeAnAliasAndAnAliasBeforeAName() async throws {
        try await Fixture.run { fixture in
            let (first, second) = (try fixture.model(), try another(fixture))
            try await fixture.store.register(second)
            try await fixture.store.register(try registered(first, "another", at: 1, in: fixture))
            #expect(try await fixture.gateway.model("another")?.model == first)
            #expect(try await fixture.gateway.model("\(second.id)")?.model == second)
            try await fixture.store.register(try registered(first, "small", at: 2, in: fixture))
            #expect(try await fixture.gateway.model("small")?.aliases == ["another", "small"])
            #expect(try await fixture.gateway.models().map(\.model.manifest.name) == ["another", "test"])
        }
    }

    @Test func theDatabaseItselfRefusesAnEarlierWord() async throws {
        try await Fixture.run { fixture in
            try await fixture.store.register(try registered(try fixture.model(), "chat", at: 5, in: fixture))
            for table in ["model_registrations", "model_aliases"] {
                await #expect(throws: (any Error).self) {
                    try await fixture.database.aggregator.query(
                        "UPDATE \(table) SET said_at = said_at - interval '1 second', document = '{}'")
                }
            }
            for table in ["model_registrations", "model_aliases"] {
                await #expect(throws: (any Error).self) {
                    try await fixture.database.gateway.query("UPDATE \(table) SET said_at = now()")
                }
            }
        }
    }
}
