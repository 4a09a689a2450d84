import Canonical
import CoordinatorStore
import Cryptography
import DNAProtocol
import Postgres
import Testing

@Suite struct MisbehaviourTests {
    private func report(_ fixture: Fixture, _ request: Request) async throws -> MisbehaviourReport {
        try #require(try await fixture.gateway.misbehaviour(of: try request.requestID()))
    }

    private func round(_ fixture: Fixture, _ request: Request) async throws -> RoundRecord {
        try #require(try await fixture.gateway.rounds(of: try request.requestID()).first)
    }

    @Test func twoCommitmentsOfANodeAreKeptAndItStaysOutOfTheOpenSet() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (_, committee) = try await fixture.assigned(request)
            let (node, other) = (committee.members[0].node, committee.members[1].node)
            let first = try fixture.ballot(request, committee, node).commitment()
            let second = try fixture.ballot(request, committee, node, salt: "other").commitment()
            #expect(try await fixture.store.add(first) == .recorded)
            #expect(
                try await fixture.store.add(try fixture.ballot(request, committee, other).commitment()) == .recorded)
            #expect(try await fixture.store.add(first) == .repeated)
            #expect(try await report(fixture, request).contradictions.isEmpty)
            #expect(try await fixture.store.add(second) == .contradiction)
            let contradictions = try await report(fixture, request).contradictions
            #expect(contradictions == [.commitments(first, second)])
            try #require(contradictions.first).check()
            let round = try await round(fixture, request)
            #expect(round.contradicted == [node])
            #expect(round.commitments.map(\.body.node) == [other])
        }
    }

    @Test func afterTheSetClosedTheCommitmentStaysInIt() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (_, set, ballots) = try await fixture.voting(request)
            let node = ballots[0].body.node
            let committee = try fixture.committee(request)
            let second = try fixture.ballot(request, committee, node, salt: "other").commitment()
            #expect(try await fixture.store.add(second) == .contradiction)
            let round = try await round(fixture, request)
            #expect(round.set == set)
            #expect(round.contradicted == [node])
            #expect(try await fixture.store.add(try ballots[0].submission(in: set)) == .contradiction)
            #expect(try await self.round(fixture, request).votes.isEmpty)
        }
    }

    @Test func twoVotesOfANodeAreKept() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (_, set, ballots) = try await fixture.voting(request)
            let ballot = ballots[0]
            let first = try ballot.submission(in: set).vote
            let second = try Vote(body: ballot.body, set: Digest.of("set", []), salt: ballot.salt, key: ballot.key)
            #expect(try await fixture.store.add(try ballot.submission(in: set)) == .recorded)
            #expect(try await fixture.store.judge(first) == .repeated)
            #expect(try await fixture.store.judge(second, isMismatched: true) == .contradiction)
            let found = try await report(fixture, request)
            #expect(found.contradictions == [.votes(first, second)])
            #expect(found.faults.isEmpty)
        }
    }

    @Test func aVoteThatDoesNotOpenItsCommitmentIsKeptWithIt() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (_, set, ballots) = try await fixture.voting(request)
            let other = try fixture.ballot(
                request, try fixture.committee(request), ballots[0].body.node, text: "London")
            let vote = try other.submission(in: set).vote
            #expect(try await fixture.store.judge(vote, isMismatched: true) == .contradiction)
            let found = try await report(fixture, request)
            #expect(found.contradictions == [.reveal(try ballots[0].commitment(), vote)])
            #expect(found.faults.map(\.kind) == [.mismatchedReveal])
            #expect(found.faults.first?.statement == .vote(vote))
        }
    }

    @Test func aSecondLateCommitmentIsAContradictionToo() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (lease, committee) = try await fixture.assigned(request)
            let ballots = try committee.members.map { try fixture.ballot(request, committee, $0.node) }
            for ballot in ballots.dropFirst() { _ = try await fixture.store.add(try ballot.commitment()) }
            let set = CommitmentSet(round: 1, commitments: try ballots.dropFirst().map { try $0.commitment() })
            try await fixture.store.withLease(lease) {
                try await $0.closeSet(of: 1, root: try set.root(), voteDeadline: Fixture.later)
            }
            let late = try ballots[0].commitment()
            #expect(try await fixture.store.add(late) == .late)
            #expect(try await fixture.store.add(late) == .late)
            let kept = try await report(fixture, request)
            #expect(kept.faults.map(\.kind) == [.lateCommitment])
            #expect(kept.contradictions.isEmpty)
            let another = try fixture.ballot(request, committee, ballots[0].body.node, salt: "x").commitment()
            #expect(try await fixture.store.add(another) == .contradiction)
            #expect(try await report(fixture, request).contradictions == [.commitments(late, another)])
            #expect(try await round(fixture, request).set == set)
        }
    }

    /// The other order is that of a node whose good vote comes first.
    @Test func aGoodVoteAfterOneThatFittedNothingContradictsIt() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (_, set, ballots) = try await fixture.voting(request)
            let good = try ballots[0].submission(in: set)
            // It opens the commitment, but not in the round's set.
            let other = try Vote(
                body: good.vote.body, set: Digest.of("another", []), salt: good.vote.salt, key: ballots[0].key)
            #expect(try await fixture.store.judge(other, isMismatched: true) == .contradiction)
            #expect(try await report(fixture, request).contradictions.isEmpty, "one statement contradicts nothing")
            #expect(try await fixture.store.add(good) == .contradiction)
            #expect(try await report(fixture, request).contradictions == [.votes(other, good.vote)])
            let found = try await round(fixture, request)
            #expect(found.votes.isEmpty && found.contradicted == [good.vote.body.node])
        }
    }

    @Test func aLateVoteIsKeptAsAFaultAndAsAVote() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (_, set, ballots) = try await fixture.voting(request)
            let submission = try ballots[0].submission(in: set)
            #expect(try await fixture.store.add(submission, now: Fixture.later) == .late)
            #expect(try await fixture.store.add(submission, now: Fixture.later) == .repeated)
            let found = try await report(fixture, request)
            #expect(found.faults.map(\.kind) == [.lateReveal])
            #expect(found.faults.first?.statement == .vote(submission.vote))
            #expect(try await round(fixture, request).votes == [submission.vote])
        }
    }

    @Test func whoeverDoesNotRevealIsNamedWithItsCommitment() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (lease, set, ballots) = try await fixture.voting(request)
            for ballot in ballots.dropFirst() { _ = try await fixture.store.add(try ballot.submission(in: set)) }
            for _ in 0..<2 {
                try await fixture.store.withLease(lease) { owned in
                    try await owned.blameSilent(in: try #require(try await owned.latestRound()))
                }
            }
            let faults = try await report(fixture, request).faults
            #expect(faults.map(\.node) == [ballots[0].body.node])
            #expect(faults.first?.kind == .commitmentWithoutReveal)
            #expect(faults.first?.statement == .commitment(try ballots[0].commitment()))
        }
    }

    @Test func aFloodOfDifferentStatementsMakesOneRow() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (_, set, ballots) = try await fixture.voting(request)
            let committee = try fixture.committee(request)
            for number in 0..<20 {
                let other = try fixture.ballot(
                    request, committee, ballots[0].body.node, text: "\(number)", salt: "\(number)")
                #expect(try await fixture.store.add(try other.commitment()) == .contradiction)
                let vote = try other.submission(in: set).vote
                #expect(try await fixture.store.judge(vote, isMismatched: true) == .contradiction)
            }
            let found = try await report(fixture, request)
            #expect(found.contradictions.map(\.kind) == [.commitments, .reveal, .votes])
            #expect(found.faults.count == 1)
        }
    }

    @Test func twoReplicasThatHearTwoThingsAtOnceKeepBoth() async throws {
        try await Fixture.run { fixture in
            for attempt in 0..<8 {
                let request = try fixture.request("attempt \(attempt)")
                let (_, committee) = try await fixture.assigned(request)
                let node = committee.members[0].node
                let commitments = try ["a", "b"].map {
                    try fixture.ballot(request, committee, node, salt: $0).commitment()
                }
                let admissions = try await withThrowingTaskGroup(of: Admission.self) { group in
                    for commitment in commitments { group.addTask { try await fixture.store.add(commitment) } }
                    return try await group.reduce(into: Set<Admission>()) { $0.insert($1) }
                }
                #expect(admissions == [.recorded, .contradiction])
                #expect(try await report(fixture, request).contradictions.count == 1)
                #expect(try await round(fixture, request).commitments.isEmpty)
            }
        }
    }

    @Test func twoReplicasThatHearAGoodVoteAndOneThatFitsNothingAtOnceKeepBoth() async throws {
        try await Fixture.run { fixture in
            for attempt in 0..<16 {
                let request = try fixture.request("attempt \(attempt)")
                let (_, set, ballots) = try await fixture.voting(request)
                let good = try ballots[0].submission(in: set)
                let other = try Vote(
                    body: good.vote.body, set: Digest.of("another", []), salt: good.vote.salt, key: ballots[0].key)
                async let counted = fixture.store.add(good)
                async let fault = fixture.store.judge(other, isMismatched: true)
                let admissions = try await [counted, fault]
                #expect(admissions.contains(.contradiction) && !admissions.contains(.closed))
                let found = try await report(fixture, request)
                #expect(found.contradictions.map(\.kind) == [.votes])
            }
        }
    }

    @Test func twoReplicasThatHearACommitmentInTimeAndALateOneAtOnceKeepBoth() async throws {
        try await Fixture.run { fixture in
            for attempt in 0..<16 {
                let request = try fixture.request("attempt \(attempt)")
                let (_, committee) = try await fixture.assigned(request)
                let node = committee.members[0].node
                let (first, second) = (
                    try fixture.ballot(request, committee, node, salt: "a").commitment(),
                    try fixture.ballot(request, committee, node, salt: "b").commitment()
                )
                async let inTime = fixture.store.add(first)
                async let late = fixture.store.judge(second, now: Fixture.later)
                #expect(try await [inTime, late].contains(.contradiction))
                #expect(try await report(fixture, request).contradictions.map(\.kind) == [.commitments])
            }
        }
    }

    @Test func aNodeThatContradictedItselfGetsNoFurtherWorkOnTheRequest() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (lease, first) = try await fixture.assigned(request)
            let node = first.members[0].node
            for salt in ["a", "b"] {
                _ = try await fixture.store.add(try fixture.ballot(request, first, node, salt: salt).commitment())
            }
            let second = try fixture.committee(request, round: 2)
            try await fixture.store.withLease(lease) { try await $0.openRound(second, commitDeadline: Fixture.later) }
            let next = try await fixture.store.nextAssignment(
                for: node, models: [request.model], now: Timestamp(seconds: 1_800_000_000))
            #expect(next == nil)
            let commitment = try fixture.ballot(request, second, node).commitment()
            #expect(try await fixture.store.add(commitment) == .contradiction)
        }
    }

    @Test func whatWasRecordedDoesNotChange() async throws {
        try await Fixture.run { fixture in
            let request = try fixture.request()
            let (_, committee) = try await fixture.assigned(request)
            let node = committee.members[0].node
            for salt in ["a", "b"] {
                _ = try await fixture.store.add(try fixture.ballot(request, committee, node, salt: salt).commitment())
            }
            let owner = fixture.database.owner
            let failure = try await refusal {
                try await owner.query("UPDATE contradictions SET second = first")
            }
            #expect(failure?.sqlState == "23000")
            let same = try await refusal {
                try await owner.query(
                    """
                    INSERT INTO contradictions SELECT request, round, node, 'votes', first, first, false
                    FROM contradictions
                    """)
            }
            #expect(same?.sqlState == "23514")
        }
    }
}
