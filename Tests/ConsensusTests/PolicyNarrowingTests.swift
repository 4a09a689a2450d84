import Canonical
import Consensus
import Cryptography
import DNAProtocol
import TestKit
import Testing

/// What a request may narrow is found by trying: whenever a narrowed policy is satisfied, the model's must be.
@Suite struct PolicyNarrowingTests {
    private static func policies() -> [Policy] {
        (1...4).flatMap { size in
            (size...5).flatMap { most -> [Policy] in
                Policy.Rule.allCases.flatMap { rule -> [Policy] in
                    guard rule == .quorum else { return [Policy(rule: rule, committee: size, maximumCommittee: most)] }
                    return (1...size).map {
                        Policy(rule: .quorum, quorum: $0, committee: size, maximumCommittee: most)
                    }
                }
            }
        }
    }

    @Test(arguments: [false, true], [[1, 1, 1, 1, 1], [5, 1, 1, 2, 1], [1, 9, 9, 1, 1]])
    func everyNarrowedPolicyAsksForAtLeastAsMuch(isDevelopment: Bool, weights: [Int]) throws {
        let fixture = try Fixture(operators: weights.map { ($0, 1) }, development: isDevelopment)
        let request = try fixture.request()
        let policies = Self.policies().filter { (try? $0.validate(within: fixture.genesis)) != nil }
        var decisive: [Policy: [Set<[Int]>]] = [:]
        for policy in policies { decisive[policy] = try (0...5).map { try sets(policy, $0, fixture, request) } }
        var accepted = 0
        for model in policies {
            for wish in policies where (try? model.narrowed(by: wish)) != nil {
                accepted += 1
                for size in wish.committee...wish.maximumCommittee {
                    let (narrow, wide) = (decisive[wish]?[size] ?? [], decisive[model]?[size] ?? [])
                    #expect(narrow.isSubset(of: wide), "\(wish) of \(model) at \(size)")
                }
            }
        }
        #expect(accepted > policies.count)
    }

    /// All sets of members, by place on a committee of `size`, that can decide.
    private func sets(_ policy: Policy, _ size: Int, _ fixture: Fixture, _ request: Request) throws -> Set<[Int]> {
        guard size > 0 else { return [] }
        let committee = try fixture.committee(request, size: size)
        let tally = Tally(
            policy: policy, committee: committee, roster: fixture.roster.roster,
            isDevelopment: fixture.genesis.development)
        let choices = (0..<(1 << size)).map { mask in (0..<size).filter { mask >> $0 & 1 == 1 } }
        return Set(choices.filter { tally.canDecide($0.map { committee.members[$0].node }) })
    }

    @Test func acceptsTheModelsOwnPolicyAndNoOtherMode() throws {
        for model in Self.policies() {
            #expect(try model.narrowed(by: model) == model)
            #expect(try model.narrowed(by: nil) == model)
        }
        let model = Policy(rule: .supermajority, committee: 3, maximumCommittee: 5)
        for wish in [
            Policy(rule: .majority, committee: 3), Policy(rule: .quorum, quorum: 3, committee: 3),
            Policy(rule: .supermajority, committee: 2), Policy(rule: .supermajority, committee: 3, maximumCommittee: 7),
        ] {
            #expect(throws: InvalidField.self) { try model.narrowed(by: wish) }
        }
        let larger = Policy(rule: .unanimous, committee: 7)
        #expect(try model.narrowed(by: larger) == larger)
    }

    @Test func letsNoQuorumOfHalfReplaceAMajority() throws {
        let majority = Policy(rule: .majority, committee: 4)
        #expect(throws: InvalidField.self) {
            try majority.narrowed(by: Policy(rule: .quorum, quorum: 2, committee: 4))
        }
        _ = try majority.narrowed(by: Policy(rule: .quorum, quorum: 3, committee: 4))
    }
}
