import Canonical
import Consensus
import Cryptography
import DNAProtocol
import TestKit
import Testing

/// An aggregator that lies, with all the signatures it can get.
@Suite struct HostileEvidenceTests {
    let fixture: Fixture
    let request: Request

    init() throws {
        fixture = try Fixture(
            operators: Array(repeating: (1, 2), count: 4),
            policy: Policy(rule: .quorum, quorum: 2, committee: 3, maximumCommittee: 7))
        request = try fixture.request()
    }

    private func expectRefusal(of field: String, _ evidence: Evidence, _ fixture: Fixture? = nil) throws {
        let fixture = fixture ?? self.fixture
        let decision = try fixture.decision(evidence, at: Timestamp(seconds: 1_800_000_100))
        #expect {
            try DecisionCheck(genesis: fixture.genesis).check(decision, evidence: evidence)
        } throws: { error in
            (error as? InvalidField)?.field == field
        }
    }

    @Test func refusesACommitteeLargerThanItsRoundAllows() throws {
        let check = try DecisionCheck(genesis: fixture.genesis)
        let evidence = try fixture.evidence(request, size: 5, round: 1)
        try expectRefusal(of: "committee.members", evidence)
        let grown = try fixture.evidence(request, size: 5, round: 2)
        try check.check(try fixture.decision(grown, at: Timestamp(seconds: 1)), evidence: grown)
        try expectRefusal(of: "committee.round", try fixture.evidence(request, size: 5, round: 65))
        try expectRefusal(of: "committee.members", try fixture.evidence(request, size: 8, round: 9))
    }

    @Test func refusesACommitteeThatLeavesAnOperatorOut() throws {
        let ranking = try fixture.ranking(request)
        let outcast = ranking.members[0].operator
        let chosen = Array(ranking.members.prefix(8).filter { $0.operator != outcast }.prefix(6))
        #expect(chosen.count == 6 && ranking.operatorCount == 4)
        #expect(!ranking.admits(chosen, spareRanks: 2))
        let honest = ranking.choose(size: 6, spareRanks: 2) { _ in true }
        #expect(ranking.admits(honest, spareRanks: 2))
    }

    @Test func refusesAMemberUnderAnotherNameOrRank() throws {
        let ranking = try fixture.ranking(request)
        let chosen = Array(ranking.members.prefix(3))
        #expect(ranking.admits(chosen, spareRanks: 0))
        let changes: [(inout [Committee.Member]) -> Void] = [
            { $0[1].operator = "operator" }, { $0[1].operator = "" }, { $0[2].rank = .max }, { $0[0].rank = .min },
            { $0[0].rank = -1 }, { $0[1] = $0[0] }, { $0[2].rank = 3 }, { $0.removeAll() }, { $0.swapAt(0, 1) },
            { $0[0].node = $0[1].node },
        ]
        for change in changes {
            var altered = chosen
            change(&altered)
            #expect(!ranking.admits(altered, spareRanks: 0))
        }
        #expect(!ranking.admits(Array(repeating: chosen[0], count: 10_000), spareRanks: .max))
        #expect(
            !ranking.admits(
                chosen.map { .init(node: $0.node, operator: $0.operator, rank: $0.rank + 7) }, spareRanks: .min))
    }

    @Test func countsNoVoteOfAnotherRound() throws {
        var evidence = try fixture.evidence(request)
        let earlier = try fixture.evidence(request, size: 3, round: 2)
        evidence.votes[0] = try #require(
            earlier.votes.first { $0.body.node == evidence.votes[0].body.node })
        try expectRefusal(of: "vote.set", evidence)
        evidence = try fixture.evidence(request)
        evidence.set.commitments = earlier.set.commitments
        try expectRefusal(of: "commitment.round", evidence)
        evidence.set = earlier.set
        try expectRefusal(of: "set.round", evidence)
    }

    @Test func countsNoVoteTwice() throws {
        var evidence = try fixture.evidence(request)
        evidence.votes = [evidence.votes[0], evidence.votes[0]]
        try expectRefusal(of: "votes", evidence)
        evidence = try fixture.evidence(request)
        evidence.set.commitments[1] = evidence.set.commitments[0]
        try expectRefusal(of: "set.commitments", evidence)
    }

    @Test func refusesARosterWithDoublesEvenWhenItIsSigned() throws {
        var doubled = fixture
        var roster = doubled.roster.roster
        roster.operators.append(roster.operators[0])
        roster.operators.sort { $0.name < $1.name }
        doubled.roster = SignedRoster(
            roster: roster,
            signatures: [
                .init(
                    administrator: fixture.administrator.publicKey,
                    signature: try roster.signed(by: fixture.administrator))
            ])
        try expectRefusal(of: "operators[1].name", try doubled.evidence(request), doubled)
    }

    @Test func talliesWhateverRosterAndPolicyItIsGiven() throws {
        let committee = try fixture.committee(request, size: 4)
        var doubled = committee
        doubled.members += committee.members
        var roster = fixture.roster.roster
        roster.operators += roster.operators
        for number in [Int.min, -1, 0, 1, 65, Int.max] {
            for rule in Policy.Rule.allCases {
                let policy = Policy(rule: rule, quorum: number, committee: number, maximumCommittee: number)
                for committee in [committee, doubled] {
                    let tally = Tally(policy: policy, committee: committee, roster: roster, isDevelopment: false)
                    #expect(!tally.canDecide([]))
                    #expect(!tally.canDecide(Array(repeating: committee.members[0].node, count: 9)))
                }
            }
        }
    }

    @Test func agreesOnOneOfTwoSufficientAnswersInDevelopment() throws {
        let fixture = try Fixture(
            operators: [(1, 1), (1, 1), (2, 1)], development: true,
            policy: Policy(rule: .quorum, quorum: 1, committee: 3))
        let request = try fixture.request()
        let committee = try fixture.committee(request)
        let bodies = try committee.members.map { try fixture.body(request, committee, $0.node, text: $0.operator) }
        let heaviest = try #require(committee.members.first { $0.operator == "operator-2" }).node
        for _ in 0..<20 {
            let tally = Tally(
                policy: request.policy, committee: committee, roster: fixture.roster.roster, isDevelopment: true)
            guard case .agreed(_, let voters) = tally.verdict(on: bodies.shuffled()) else {
                Issue.record("no answer won")
                return
            }
            #expect(voters == [heaviest])
        }
    }

    @Test func refusesAGenesisThatBreaksItsOwnRules() throws {
        for change in [{ $0.policyBounds.spareRanks = .max }, { $0.policyBounds.maximumCommittee = .max }]
            as [(inout Genesis) -> Void]
        {
            var genesis = fixture.genesis
            change(&genesis)
            #expect(throws: InvalidField.self) { try DecisionCheck(genesis: genesis) }
        }
    }
}
