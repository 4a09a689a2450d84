import CoordinatorStore
import DNAProtocol
import ServiceKit
import Testing

/// A request's way from accepted to certified, or to an honest failure.
@Suite(.serialized, .timeLimit(.minutes(2))) struct JourneyTests {
    @Test func aRequestIsAnsweredAndCertified() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            for node in try town.members(of: request, at: origin) { town.work(node) }
            try await town.ask(request)
            let bundle = try await town.certified(request)
            #expect(bundle.output.text == "Paris")
            #expect(bundle.certificate.decision.round == 1)
            #expect(try await town.json(origin).get("/v1/network") == town.group.file)
            let readiness: Readiness = try await town.json(origin).get("/readyz")
            #expect(readiness.ready)
        }
    }

    @Test func manyRequestsAtOnceAreAllCertified() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let requests = try (0..<8).map { try town.fixture.request("question \($0)") }
            for node in try town.members(of: requests[0], at: origin) { town.work(node) }
            for request in requests { try await town.ask(request) }
            for request in requests { _ = try await town.certified(request) }
        }
    }

    @Test func aSilentMemberMissesTheDeadlineAndTheOthersDecide() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            let members = try town.members(of: request, at: origin)
            town.work(members[0])
            town.work(members[1])
            try await town.ask(request)
            try await town.reach(commitments: 2, request)
            #expect(try await town.record(request).state == .assigned)
            town.clock.advance(by: 21)
            let bundle = try await town.certified(request)
            #expect(Set(bundle.certificate.decision.voters) == Set(members.prefix(2).map(\.key.publicKey)))
        }
    }

    @Test func belowAQuorumALargerCommitteeTakesOver() async throws {
        let policy = Policy(rule: .majority, committee: 3, maximumCommittee: 5)
        try await Town.run(operators: 5, policy: policy) { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            let first = try town.members(of: request, at: origin)
            let rest = try town.fixture.nodes.keys
                .filter { key in !first.contains { $0.key.publicKey == key } }.map { try town.node($0, at: origin) }
            town.work(first[0])
            try await town.ask(request)
            try await town.reach(commitments: 1, request)
            for node in rest { town.work(node) }
            town.clock.advance(by: 21)
            try await town.reach(commitments: 3, round: 2, request)
            town.clock.advance(by: 21)
            let bundle = try await town.certified(request)
            #expect(bundle.certificate.decision.round == 2)
            #expect(bundle.evidence.committee.members.count == 5)
            // Nobody who was asked before is let go: silence counts.
            for member in first { #expect(bundle.evidence.committee.member(member.key.publicKey) != nil) }
        }
    }

    @Test func withoutAgreementTheRequestFailsWithTheVotesAttached() async throws {
        let policy = Policy(rule: .majority, committee: 3, maximumCommittee: 5)
        try await Town.run(operators: 5, policy: policy) { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            for (index, key) in town.fixture.nodes.keys.enumerated() {
                town.work(try town.node(key, at: origin), answering: "answer \(index)")
            }
            try await town.ask(request)
            try await town.reach(.failed, request)
            #expect(try await town.record(request).reason == "no_quorum")
            let rounds = try await town.gateway.rounds(of: try request.requestID())
            #expect(rounds.map(\.committee.members.count) == [3, 5])
            #expect(rounds.map(\.votes.count).allSatisfy { $0 >= 2 })
            // Asked again it begins anew, with the members it had.
            try await town.ask(request)
            try await town.reach(.failed, request)
            let again = try await town.gateway.rounds(of: try request.requestID())
            #expect(again.map(\.committee.members.count) == [3, 5, 5])
            #expect(again[2].committee.members == again[1].committee.members)
        }
    }

    @Test func commitmentsWithoutVotesEndInADeadlineToo() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            let members = try town.members(of: request, at: origin)
            try await town.ask(request)
            for node in members { try await node.commit(try await node.nextAssignment(), text: "Paris") }
            try await town.reach(.voting, request)
            town.clock.advance(by: 11)
            try await town.reach(.failed, request)
            #expect(try await town.record(request).reason == "no_quorum")
        }
    }

    @Test func aMinorityOfLiarsChangesNothing() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            let request = try town.fixture.request()
            let members = try town.members(of: request, at: origin)
            town.work(members[0], answering: "London")
            town.work(members[1])
            town.work(members[2])
            try await town.ask(request)
            let bundle = try await town.certified(request)
            #expect(bundle.output.text == "Paris")
            #expect(!bundle.certificate.decision.voters.contains(members[0].key.publicKey))
        }
    }

    @Test func aCommitteeThatCannotBeFilledFails() async throws {
        try await Town.run(operators: 2) { town in
            try await town.startAggregator()
            let request = try town.fixture.request()
            try await town.ask(request)
            try await town.reach(.failed, request)
            #expect(try await town.record(request).reason == "too_few_nodes")
        }
    }

    @Test func aRequestWhoseTimeIsOverExpires() async throws {
        try await Town.run { town in
            try await town.startAggregator()
            let request = try town.fixture.request()
            try await town.ask(request, lifetime: 15)
            try await town.reach(.assigned, request)
            try await town.letExpire(request)
            try await town.reach(.expired, request)
        }
    }

    @Test func aRequestThatIsNotWhatItsIDSaysFails() async throws {
        try await Town.run { town in
            try await town.startAggregator()
            let (request, other) = (try town.fixture.request("one"), try town.fixture.request("another"))
            try await town.database.gateway.query(
                "SELECT accept_request($1, $2, $3, 60)",
                [
                    .bytes(try request.requestID().digest.bytes), .bytes(request.model.digest.bytes),
                    .json(
                        String(
                            decoding: Array(try other.signingBytes().dropFirst(Request.context.utf8.count + 1)),
                            as: UTF8.self)),
                ])
            try await town.reach(.failed, request)
            #expect(try await town.record(request).reason == "invalid_request")
        }
    }
}
