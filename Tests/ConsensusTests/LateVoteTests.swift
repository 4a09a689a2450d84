import Consensus
import Cryptography
import DNAProtocol
import TestKit
import Testing

/// A decision stays what signers find, whatever is voted after it.
@Suite struct LateVoteTests {
    /// What nodes by ascending key vote; those in `early` are there when the owner decides.
    private func check(early: [String?], late: [String?], development: Bool, policy: Policy) throws -> Int {
        let fixture = try Fixture(development: development, policy: policy)
        let request = try fixture.request()
        let course = try RequestCourse(
            try request.requestID(), request, fixture.model(), genesis: fixture.genesis)
        let committee = try fixture.committee(request)
        let nodes = committee.members.map(\.node).sorted()
        let texts = zip(early, late).map { $0 ?? $1 ?? "silence" }
        let whole = try fixture.evidence(request) { index in
            texts[nodes.firstIndex(of: committee.members[index].node) ?? 0]
        }
        func votes(_ said: [String?]) -> [Vote] {
            whole.votes.filter { vote in nodes.firstIndex(of: vote.body.node).map { said[$0] != nil } ?? false }
        }
        let set = whole.set
        let progress = RoundProgress(
            committee: committee, tally: course.tally(of: committee, roster: fixture.roster.roster),
            commitments: set.commitments, commitDeadline: Timestamp(seconds: 1_800_000_010), set: set,
            voteDeadline: Timestamp(seconds: 1_800_000_020), votes: votes(early))
        guard case .decide(let winners) = progress.step(at: Timestamp(seconds: 1_800_000_015)),
            let decision = try Decision(
                winners: winners, set: try set.root(), decidedAt: Timestamp(seconds: 1_800_000_015))
        else {
            Issue.record("nothing was decided")
            return 0
        }
        let all = zip(early, late).map { $0 ?? $1 }
        let evidence = try #require(
            course.evidence(
                for: decision, committee: committee, set: set, votes: votes(all), roster: fixture.roster))
        try DecisionCheck(genesis: fixture.genesis).check(decision, evidence: evidence)
        return evidence.votes.count
    }

    private let one = Policy(rule: .quorum, quorum: 1, committee: 3)

    @Test func anEqualAnswerOfALesserKeyComesTooLate() throws {
        let count = try check(early: [nil, nil, "Paris"], late: ["London", nil, nil], development: true, policy: one)
        #expect(count == 1)
    }

    @Test func aHeavierAnswerComesTooLate() throws {
        let count = try check(
            early: ["Paris", nil, nil], late: [nil, "London", "London"], development: true, policy: one)
        #expect(count == 1)
    }

    @Test func aVoteForTheWinnerAddsNothing() throws {
        let majority = Policy(rule: .majority, committee: 3)
        for isDevelopment in [false, true] {
            let count = try check(
                early: ["Paris", "Paris", nil], late: [nil, nil, "Paris"], development: isDevelopment,
                policy: majority)
            #expect(count == 2)
        }
    }

    @Test func whatCannotWinAnyMoreIsShown() throws {
        let majority = Policy(rule: .majority, committee: 3)
        let count = try check(
            early: ["Paris", "Paris", nil], late: [nil, nil, "London"], development: false, policy: majority)
        #expect(count == 3)
        let least = try check(
            early: ["Paris", nil, nil], late: [nil, nil, "London"], development: true, policy: one)
        #expect(least == 2)
    }
}
