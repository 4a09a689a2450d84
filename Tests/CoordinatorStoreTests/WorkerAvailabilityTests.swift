import Canonical
import CoordinatorStore
import DNAProtocol
import Testing

@Suite struct WorkerAvailabilityTests {
    private func might(
        _ nodes: Int, of operators: Int, _ policy: Policy, isDevelopment: Bool = false
    ) -> Bool {
        let digest = Digest(bytes: [UInt8](repeating: 7, count: 32))!  // 32 bytes
        return WorkerAvailability(
            model: ModelID(digest), committee: policy.committee, nodes: nodes, operators: operators
        )
        .mightDecide(policy, isDevelopment: isDevelopment)
    }

    @Test func askingIsInVainOnlyWhereNoWeightsCouldMakeItAnswer() {
        let majority = Policy(rule: .majority, committee: 5)
        #expect(!might(0, of: 0, majority) && !might(1, of: 1, majority) && !might(4, of: 1, majority))
        #expect(might(2, of: 2, majority))
        #expect(might(1, of: 1, majority, isDevelopment: true) && !might(0, of: 0, majority, isDevelopment: true))
        #expect(might(2, of: 2, Policy(rule: .supermajority, committee: 5)))
        #expect(!might(4, of: 4, Policy(rule: .unanimous, committee: 5)))
        #expect(might(5, of: 2, Policy(rule: .unanimous, committee: 5)))
        let quorum = Policy(rule: .quorum, quorum: 4, committee: 5)
        #expect(!might(3, of: 3, quorum) && might(4, of: 2, quorum) && !might(4, of: 1, quorum))
    }
}
