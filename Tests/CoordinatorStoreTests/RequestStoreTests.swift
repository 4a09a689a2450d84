import CoordinatorStore
import DNAProtocol
import Postgres
import Testing

@Suite struct RequestStoreTests {
    @Test func aRequestIsAcceptedOnce() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let first = try await fixture.gateway.accept(request, lifetime: 60)
            #expect(first.state == .accepted)
            #expect(first.attempt == 1)
            #expect(first.rounds == 0)
            #expect(first.expiresAt.seconds - first.acceptedAt.seconds == 60)
            #expect(try await fixture.gateway.accept(request, lifetime: 600) == first)
            #expect(try await fixture.gateway.find(try request.requestID()) == first)
            #expect(try await fixture.gateway.request(try request.requestID()) == request)
        }
    }

    @Test func anUnknownRequestIsNotFound() async throws {
        try await Fixture.run { fixture in
            let id = try fixture.request().requestID()
            #expect(try await fixture.gateway.find(id) == nil)
            #expect(try await fixture.gateway.bundle(of: id) == nil)
            #expect(try await fixture.gateway.rounds(of: id).isEmpty)
        }
    }

    @Test func aRequestForAnUnknownModelIsRefused() async throws {
        try await Fixture.run { fixture in
            var request = try fixture.request()
            request.model = ModelID(try fixture.genesis.networkID().digest)
            let failure = try await refusal { _ = try await fixture.gateway.accept(request, lifetime: 60) }
            #expect(failure?.sqlState == .foreignKeyViolation)
        }
    }

    @Test func aFailedRequestAskedAgainGetsAnotherAttempt() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (lease, _) = try await fixture.assigned(request)
            try await fixture.store.withLease(lease) { try await $0.fail("no_quorum") }
            let failed = try #require(try await fixture.gateway.find(try request.requestID()))
            #expect(failed.state == .failed)
            #expect(failed.reason == "no_quorum")
            let again = try await fixture.gateway.accept(request, lifetime: 60)
            #expect(again.state == .accepted)
            #expect(again.reason == nil)
            #expect(again.attempt == 2)
            #expect(again.rounds == 1)
            // It is open, and so it stays as it is.
            #expect(try await fixture.gateway.accept(request, lifetime: 60).attempt == 2)
        }
    }

    @Test func whatWasDecidedStaysDecidedWhenAskedAgain() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (lease, decision) = try await fixture.decided(request)
            try await fixture.store.withLease(lease) { try await $0.fail("signing_failed") }
            let again = try await fixture.gateway.accept(request, lifetime: 60)
            #expect(again.state == .decided)
            let next = try #require(try await fixture.store.claim(owner: "two", limit: 1, seconds: 60).first)
            let kept = try await fixture.store.withLease(next) { try await $0.decision() }
            #expect(kept == decision)
        }
    }

    @Test func aGatewayCannotVoteDecideOrTouchARequest() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            _ = try await fixture.assigned(request)
            let statements = [
                "INSERT INTO votes SELECT FROM votes", "INSERT INTO commitments SELECT FROM commitments",
                "INSERT INTO decisions SELECT FROM decisions", "INSERT INTO certificates SELECT FROM certificates",
                "UPDATE requests SET state = 'failed', reason = 'x'", "UPDATE requests SET lease_owner = NULL",
                "INSERT INTO requests SELECT FROM requests", "DELETE FROM requests", "UPDATE network SET file = NULL",
                "INSERT INTO rosters SELECT FROM rosters", "TRUNCATE votes",
            ]
            for statement in statements {
                let failure = try await refusal { try await fixture.database.gateway.query(statement) }
                #expect(failure?.sqlState == .insufficientPrivilege, "\(statement)")
            }
            #expect(try await fixture.gateway.rounds(of: try request.requestID()).count == 1)
        }
    }

    @Test func anAggregatorCannotDeleteOrRewrite() async throws {
        try await Fixture.run { fixture in
            let statements = [
                "DELETE FROM requests", "DELETE FROM votes", "TRUNCATE decisions", "UPDATE votes SET round = 2",
                "UPDATE decisions SET round = 2", "UPDATE rosters SET epoch = 7",
            ]
            for statement in statements {
                let failure = try await refusal { try await fixture.database.aggregator.query(statement) }
                #expect(failure?.sqlState == .insufficientPrivilege, "\(statement)")
            }
        }
    }

    @Test func modelsAreFoundByNameAndByID() async throws {
        try await Fixture.run { fixture in
            var manifest = fixture.manifest
            manifest.name = "other"
            let other = try PublishedModel(ofSmallFiles: manifest)
            try await fixture.store.register(other)
            try await fixture.store.register(other)
            #expect(try await fixture.gateway.models().map(\.manifest.name) == ["other", "test"])
            #expect(try await fixture.gateway.model("other")?.model == other)
            #expect(try await fixture.gateway.model("\(other.id)")?.model == other)
            #expect(try await fixture.store.model(other.id) == other)
            #expect(try await fixture.gateway.model("nothing") == nil)
        }
    }

    @Test func changesOfStateAreHeard() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let id = try request.requestID()
            var events = fixture.gateway.changes().makeAsyncIterator()
            #expect(try await events.next() == .resynchronise)
            let (lease, _) = try await fixture.assigned(request)
            try await fixture.store.withLease(lease) { try await $0.fail("no_quorum") }
            for state in [RequestState.accepted, .seeded, .assigned, .failed] {
                #expect(try await events.next() == .request(id, state))
            }
        }
    }
}
