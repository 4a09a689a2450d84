import Consensus
import Cryptography
import DNAProtocol
import TestKit
import Testing

@Suite struct CommitteeRankingTests {
    @Test func ranksEveryOperatorsFirstNodeBeforeAnySecondNode() throws {
        let fixture = try Fixture(operators: [(1, 5), (1, 1), (1, 2)])
        let members = try fixture.ranking(try fixture.request()).members
        #expect(members.map(\.rank) == Array(0..<8))
        #expect(Set(members.prefix(3).map(\.operator)).count == 3)
        #expect(Set(members[3...4].map(\.operator)).count == 2)
        #expect(Set(members.map(\.node)).count == 8)
    }

    @Test func drawsOperatorsByWeightWhateverTheirNodes() throws {
        let fixture = try Fixture(operators: [(1, 20), (3, 1)])
        var firsts = 0
        for index in 0..<600 {
            let ranking = try fixture.ranking(try fixture.request("prompt \(index)"))
            firsts += ranking.members[0].operator == "operator-1" ? 1 : 0
        }
        // 450 expected of 600, standard deviation 10.6: keys are fresh in each run, so six deviations either way.
        #expect((386...514).contains(firsts))
    }

    @Test func passesOverRevokedNodes() throws {
        var fixture = try Fixture(operators: [(1, 2), (1, 1)])
        fixture.roster.roster.nodes[0].status = .revoked
        let members = try fixture.ranking(try fixture.request()).members
        #expect(members.count == 2)
        #expect(!members.map(\.node).contains(fixture.roster.roster.nodes[0].key))
    }

    @Test func prefersNodesThatAreThereAndAdmitsTheChoice() throws {
        let fixture = try Fixture(operators: [(1, 1), (1, 1), (1, 1), (1, 1), (1, 1)])
        let ranking = try fixture.ranking(try fixture.request())
        let absent = ranking.members[1].node
        let chosen = ranking.choose(size: 3, spareRanks: 2) { $0 != absent }
        #expect(chosen.map(\.rank) == [0, 2, 3])
        #expect(ranking.admits(chosen, spareRanks: 2))
        #expect(!ranking.admits(chosen, spareRanks: 0))
        #expect(!ranking.admits(chosen.reversed(), spareRanks: 2))
    }

    @Test func keepsAnAbsentNodeWhenNobodyElseIsLeft() throws {
        let fixture = try Fixture()
        let ranking = try fixture.ranking(try fixture.request())
        #expect(ranking.choose(size: 3, spareRanks: 2) { _ in false }.map(\.rank) == [0, 1, 2])
    }

    @Test func takesASecondNodeOfAnOperatorOnlyWhenOperatorsRunOut() throws {
        let fixture = try Fixture(operators: [(1, 3), (1, 1)])
        let ranking = try fixture.ranking(try fixture.request())
        let pair = ranking.choose(size: 2, spareRanks: 2) { _ in true }
        #expect(Set(pair.map(\.operator)).count == 2)
        let three = ranking.choose(size: 3, spareRanks: 2) { _ in true }
        #expect(three.count == 3 && ranking.admits(three, spareRanks: 2))
        let sameOperator = ranking.members.filter { $0.operator == "operator-0" }
        #expect(!ranking.admits(Array(sameOperator.prefix(2)), spareRanks: 2))
    }

    @Test func keepsTheEarlierCommitteeWhenItGrows() throws {
        let fixture = try Fixture(operators: Array(repeating: (1, 1), count: 8))
        let ranking = try fixture.ranking(try fixture.request())
        let absent = ranking.members[0].node
        let first = ranking.choose(size: 3, spareRanks: 2) { $0 != absent }
        let second = ranking.choose(size: 5, spareRanks: 2, keeping: first) { $0 != absent }
        #expect(Set(first).isSubset(of: second) && second.count == 5)
        #expect(ranking.admits(second, spareRanks: 2))
    }
}
