import Consensus
import DNAProtocol
import TestKit
import Testing

@Suite struct RoundProgressTests {
    let evidence: Evidence
    private let tally: Tally
    private let start = Timestamp(seconds: 1_800_000_000)

    init() throws {
        let fixture = try Fixture()
        let evidence = try fixture.evidence(try fixture.request()) { $0 == 2 ? "London" : "Paris" }
        self.evidence = evidence
        tally = Tally(
            policy: evidence.request.policy, committee: evidence.committee, roster: fixture.roster.roster,
            isDevelopment: false)
    }

    private func round(commitments: Int, closed: Bool = false, votes: [Vote] = []) -> RoundProgress {
        let commitments = Array(evidence.set.commitments.prefix(commitments))
        return RoundProgress(
            committee: evidence.committee, tally: tally,
            commitments: commitments, commitDeadline: start + 10,
            set: closed ? CommitmentSet(round: 1, commitments: commitments) : nil,
            voteDeadline: closed ? start + 20 : nil, votes: votes)
    }

    private var paris: [Vote] { evidence.votes.filter { $0.body.tokens == 5 } }
    private var london: [Vote] { evidence.votes.filter { $0.body.tokens == 6 } }

    @Test func waitsForCommitmentsUntilTheDeadline() {
        #expect(round(commitments: 2).step(at: start) == .wait(until: start + 10))
    }

    @Test func closesTheSetWhenAllAreIn() {
        #expect(round(commitments: 3).step(at: start) == .closeSet(evidence.set))
    }

    @Test func closesTheSetAtTheDeadlineWithAQuorumOnly() {
        let two = CommitmentSet(round: 1, commitments: Array(evidence.set.commitments.prefix(2)))
        #expect(round(commitments: 2).step(at: start + 10) == .closeSet(two))
        #expect(round(commitments: 1).step(at: start + 10) == .giveUp)
    }

    @Test func decidesAsSoonAsThePolicyIsSatisfied() {
        #expect(round(commitments: 3, closed: true, votes: paris).step(at: start) == .decide(winners: paris))
    }

    @Test func waitsForVotesUntilTheDeadline() {
        let one = [paris[0]]
        #expect(round(commitments: 3, closed: true, votes: one).step(at: start) == .wait(until: start + 20))
        #expect(round(commitments: 3, closed: true, votes: one).step(at: start + 20) == .giveUp)
    }

    @Test func givesUpWhenTheSetHasNoMoreVotesToOpen() {
        let split = [paris[0], london[0]]
        #expect(round(commitments: 2, closed: true, votes: split).step(at: start) == .giveUp)
    }

    @Test func aNodeThatContradictedItselfIsNotWaitedForAndCountsForNothing() throws {
        let nodes = evidence.set.commitments.map(\.body.node)
        var open = round(commitments: 2)
        open.contradicted = [nodes[2]]
        #expect(open.step(at: start) == .closeSet(CommitmentSet(round: 1, commitments: open.commitments)))
        open.contradicted = [nodes[1], nodes[2]]
        #expect(open.step(at: start) == .giveUp, "one node is no majority")
        var closed = round(commitments: 3, closed: true, votes: paris)
        #expect(closed.step(at: start) == .decide(winners: paris))
        closed.contradicted = [paris[0].body.node]
        #expect(closed.step(at: start) == .wait(until: start + 20), "one vote counts, and one is to come")
        closed.votes += london
        #expect(closed.step(at: start) == .giveUp)
    }
}
