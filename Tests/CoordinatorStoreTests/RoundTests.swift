import Canonical
import CoordinatorStore
import Cryptography
import DNAProtocol
import Postgres
import Testing

@Suite struct RoundTests {
    @Test func aMemberIsGivenItsWorkUntilItCommits() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (_, committee) = try await fixture.assigned(request)
            let node = committee.members[0].node
            let now = Timestamp(seconds: 1_800_000_000)
            let next = { try await fixture.store.nextAssignment(for: node, models: [request.model], now: now) }
            let assignment = try #require(try await next())
            #expect(assignment == Assignment(request: request, committee: committee, deadline: Fixture.later))
            #expect(try await next() == assignment)
            let place = AssignmentPlace(request: committee.request, round: committee.round)
            let another = try await fixture.store.nextAssignment(
                for: node, models: [request.model], except: [place], now: now)
            #expect(another == nil)
            _ = try await fixture.store.add(try fixture.ballot(request, committee, node).commitment())
            #expect(try await next() == nil)
        }
    }

    @Test func workIsForMembersThatServeTheModelInTime() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (_, committee) = try await fixture.assigned(request)
            let store = fixture.store
            let now = Timestamp(seconds: 1_800_000_000)
            let (node, model) = (committee.members[0].node, request.model)
            let stranger = Ed25519.SigningKey().publicKey
            #expect(try await store.nextAssignment(for: stranger, models: [model], now: now) == nil)
            #expect(try await store.nextAssignment(for: node, models: [], now: now) == nil)
            #expect(try await store.nextAssignment(for: node, models: [model], now: Fixture.later) == nil)
        }
    }

    @Test func onlyTheLatestRoundGivesWorkAndTakesCommitments() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (lease, first) = try await fixture.assigned(request)
            let second = try fixture.committee(request, round: 2)
            try await fixture.store.withLease(lease) { try await $0.openRound(second, commitDeadline: Fixture.later) }
            let node = first.members[0].node
            let next = try await fixture.store.nextAssignment(
                for: node, models: [request.model], now: Timestamp(seconds: 1_800_000_000))
            #expect(next?.committee == second)
            #expect(try await fixture.store.add(try fixture.ballot(request, first, node).commitment()) == .closed)
            #expect(try await fixture.store.add(try fixture.ballot(request, second, node).commitment()) == .recorded)
            let view = try #require(try await fixture.store.view(of: try request.requestID(), round: 1))
            #expect(!view.isLatest)
        }
    }

    @Test func aNodeCommitsOnceAndRepeatingIsHarmless() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (lease, committee) = try await fixture.assigned(request)
            let node = committee.members[0].node
            let honest = try fixture.ballot(request, committee, node).commitment()
            let other = try fixture.ballot(request, committee, node, text: "London").commitment()
            #expect(try await fixture.store.add(honest) == .recorded)
            #expect(try await fixture.store.add(honest) == .repeated)
            let root = try CommitmentSet(round: 1, commitments: [honest]).root()
            try await fixture.store.withLease(lease) {
                try await $0.closeSet(of: 1, root: root, voteDeadline: Fixture.later)
            }
            // Sent again after the close it is answered as before; somebody else's first is too late.
            #expect(try await fixture.store.add(honest) == .repeated)
            #expect(try await fixture.store.add(other) == .contradiction)
            let late = try fixture.ballot(request, committee, committee.members[1].node).commitment()
            #expect(try await fixture.store.add(late) == .late)
            let round = try #require(try await fixture.gateway.rounds(of: try request.requestID()).first)
            #expect(round.set == CommitmentSet(round: 1, commitments: [honest]))
        }
    }

    @Test func aNodeVotesOnceAndOnlyInAClosedSet() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (lease, committee) = try await fixture.assigned(request)
            let ballots = try committee.members.map { try fixture.ballot(request, committee, $0.node) }
            for ballot in ballots { _ = try await fixture.store.add(try ballot.commitment()) }
            let set = CommitmentSet(round: 1, commitments: try ballots.map { try $0.commitment() })
            let honest = try ballots[0].submission(in: set)
            #expect(try await fixture.store.add(honest) == .closed)
            try await fixture.store.withLease(lease) {
                try await $0.closeSet(of: 1, root: try set.root(), voteDeadline: Fixture.later)
            }
            let node = committee.members[0].node
            let other = try fixture.ballot(request, committee, node, text: "London").submission(in: set)
            #expect(try await fixture.store.add(honest) == .recorded)
            #expect(try await fixture.store.add(honest) == .repeated)
            #expect(try await fixture.store.add(other) == .contradiction)
            let votes = try await fixture.gateway.rounds(of: try request.requestID()).first?.votes
            #expect(votes == [honest.vote])
        }
    }

    @Test func votesOfOneNodeAtTheSameTimeLeaveOne() async throws {
        try await Fixture.run { fixture in
            let (_, set, ballots) = try await fixture.voting(try fixture.request())
            let submission = try ballots[0].submission(in: set)
            let admissions = try await withThrowingTaskGroup(of: Admission.self) { group in
                for _ in 0..<8 { group.addTask { try await fixture.store.add(submission) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(admissions.count { $0 == .recorded } == 1)
            #expect(admissions.count { $0 == .repeated } == 7)
        }
    }

    @Test func aClosedSetDoesNotChange() async throws {
        try await Fixture.run { fixture in
            let (lease, set, _) = try await fixture.voting(try fixture.request())
            let failure = try await refusal {
                try await fixture.store.withLease(lease) {
                    try await $0.closeSet(of: 1, root: Digest.of("other", []), voteDeadline: Fixture.later)
                }
            }
            #expect(failure?.sqlState.category == "23")
            let round = try await fixture.gateway.rounds(of: lease.request).first
            #expect(round?.setRoot == (try set.root()))
        }
    }

    @Test func whatHappensInARoundIsHeard() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let id = try request.requestID()
            var events = fixture.store.events().makeAsyncIterator()
            #expect(try await events.next() == .resynchronise)
            let (_, committee) = try await fixture.assigned(request)
            var heard: [CoordinatorEvent] = []
            while heard.count < 8, let event = try await events.next() { heard.append(event) }
            #expect(heard.prefix(2) == [.request(id, .accepted), .free(id)])
            #expect(heard.contains(.request(id, .seeded)))
            #expect(heard.contains(.round(id)))
            for member in committee.members { #expect(heard.contains(.assignment(member.node))) }
            #expect(heard.last == .request(id, .assigned))
            _ = try await fixture.store.add(
                try fixture.ballot(request, committee, committee.members[0].node).commitment())
            #expect(try await events.next() == .ballot(id))
        }
    }

    @Test func nodesCountAsAvailableForWhatTheyServe() async throws {
        try await Fixture.run { fixture in
            let model = try fixture.model().id
            let (lease, _) = try await fixture.assigned(try fixture.request())
            let available = {
                try await fixture.store.withLease(lease) { try await $0.availableNodes(serving: model, within: 75) }
            }
            let network = try fixture.genesis.networkID()
            let keys = fixture.nodes.keys.sorted()
            for (node, models) in [(keys[0], [model]), (keys[1], [])] {
                try await fixture.store.recordPoll(
                    .init(network: network, node: node, models: models, wait: 0, at: Timestamp(seconds: 0)))
            }
            #expect(try await available() == [keys[0]])
            try await fixture.database.owner.query("UPDATE nodes SET last_seen = now() - interval '76 seconds'")
            #expect(try await available().isEmpty)
        }
    }
}
