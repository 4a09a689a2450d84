import Consensus
import DNAProtocol
import TestKit
import Testing

@Suite struct TallyTests {
    /// Each letter is what a member says, `-` is silence; members are one of each operator, all of weight 1.
    struct Row: CustomTestStringConvertible {
        let rule: Policy.Rule
        let quorum: Int?
        let says: String
        let verdict: String

        init(_ rule: Policy.Rule, _ says: String, _ verdict: String, quorum: Int? = nil) {
            (self.rule, self.says, self.verdict, self.quorum) = (rule, says, verdict, quorum)
        }

        var testDescription: String { "\(rule) \(says)" }
    }

    @Test(arguments: [
        Row(.majority, "AAB", "A"), Row(.majority, "AA-", "A"), Row(.majority, "AB-", "open"),
        Row(.majority, "ABC", "impossible"), Row(.majority, "AABB", "impossible"), Row(.majority, "A--", "open"),
        Row(.majority, "AAABB", "A"), Row(.majority, "AA--", "open"),
        Row(.supermajority, "AAB", "impossible"), Row(.supermajority, "AA-", "open"), Row(.supermajority, "AAA", "A"),
        Row(.supermajority, "AAAAAB", "A"), Row(.supermajority, "AAAABB", "impossible"),
        Row(.unanimous, "AAAA", "A"), Row(.unanimous, "AAAB", "impossible"), Row(.unanimous, "AAA-", "open"),
        Row(.quorum, "AAAAB", "A", quorum: 4), Row(.quorum, "AAABB", "impossible", quorum: 4),
        Row(.quorum, "AAA--", "open", quorum: 4),
    ])
    func countsByTheRule(row: Row) throws {
        let size = row.says.count
        let policy = Policy(rule: row.rule, quorum: row.quorum, committee: size)
        let fixture = try Fixture(operators: Array(repeating: (1, 1), count: size), policy: policy)
        #expect(try verdict(fixture, row.says) == row.verdict)
    }

    @Test func splitsAnOperatorsWeightAmongItsMembers() throws {
        // One operator with three nodes against two with one: 3 of 5 members, but a third of the weight.
        let fixture = try Fixture(
            operators: [(1, 3), (1, 1), (1, 1)], policy: Policy(rule: .majority, committee: 5))
        let request = try fixture.request()
        let committee = try fixture.committee(request)
        let says = committee.members.map { $0.operator == "operator-0" ? "B" : "A" }.joined()
        #expect(try verdict(fixture, says) == "A")
        let alone = committee.members.map { $0.operator == "operator-0" ? "A" : "-" }.joined()
        #expect(try verdict(fixture, alone) == "open")
    }

    @Test func needsTwoOperatorsUnlessInDevelopment() throws {
        for development in [false, true] {
            let fixture = try Fixture(
                operators: [(5, 1), (1, 1), (1, 1)], development: development,
                policy: Policy(rule: .majority, committee: 3))
            let committee = try fixture.committee(try fixture.request())
            let says = committee.members.map { $0.operator == "operator-0" ? "A" : "-" }.joined()
            #expect(try verdict(fixture, says) == (development ? "A" : "open"))
        }
    }

    @Test func countsOneVotePerMemberAndNoneOfStrangers() throws {
        let fixture = try Fixture()
        let request = try fixture.request()
        let committee = try fixture.committee(request)
        let first = try fixture.body(request, committee, committee.members[0].node, text: "A")
        var stranger = first
        stranger.node = fixture.administrator.publicKey
        let tally = Tally(
            policy: request.policy, committee: committee, roster: fixture.roster.roster, isDevelopment: false)
        #expect(tally.verdict(on: [first, first, stranger]) == .open)
    }

    @Test func growsTheQuorumWithTheCommittee() throws {
        let policy = Policy(rule: .quorum, quorum: 3, committee: 4, maximumCommittee: 6)
        let fixture = try Fixture(operators: Array(repeating: (1, 1), count: 6), policy: policy)
        #expect(try verdict(fixture, "AAAA--", size: 6) == "open")
        #expect(try verdict(fixture, "AAAAA-", size: 6) == "A")
    }

    private func verdict(_ fixture: Fixture, _ says: String, size: Int? = nil) throws -> String {
        let request = try fixture.request()
        let committee = try fixture.committee(request, size: size)
        let votes = try zip(committee.members, says).compactMap { member, letter in
            letter == "-" ? nil : try fixture.body(request, committee, member.node, text: String(letter))
        }
        let tally = Tally(
            policy: request.policy, committee: committee, roster: fixture.roster.roster,
            isDevelopment: fixture.genesis.development)
        switch tally.verdict(on: votes) {
        case .open: return "open"
        case .impossible: return "impossible"
        case .agreed(let answer, let voters):
            let winners = votes.filter { $0.answer == answer }
            #expect(voters == winners.map(\.node).sorted())
            let spoken = says.filter { $0 != "-" }
            return zip(votes, spoken).first { $0.0 == winners.first }.map { String($0.1) } ?? "nobody"
        }
    }
}
