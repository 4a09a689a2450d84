import DNAProtocol

/// How large a network is, and what it asks of its committees.
package struct Shape: Hashable, Sendable {
    /// Each operator's weight and number of nodes.
    let operators: [Operator]
    let policy: Policy
    let spareRanks: Int
    let signers: Int
    let threshold: Int

    struct Operator: Hashable, Sendable {
        let weight: Int
        let nodes: Int
    }

    /// All there are: keys are made once for each.
    package static let all: [Shape] = {
        let operators: [[(Int, Int)]] = [
            [(1, 1), (1, 1), (1, 1)], [(1, 1), (1, 1), (1, 1), (1, 1)], [(1, 2), (1, 1), (1, 1), (1, 1)],
            [(2, 1), (1, 1), (1, 1), (1, 1), (1, 1)], [(1, 1), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1)],
            [(3, 2), (2, 2), (1, 1), (1, 1), (1, 1)], [(1, 2), (1, 2), (1, 2)],
            [(1, 1), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1)],
        ]
        let policies = [
            Policy(rule: .majority, committee: 3, maximumCommittee: 5), Policy(rule: .majority, committee: 3),
            Policy(rule: .supermajority, committee: 4, maximumCommittee: 6), Policy(rule: .unanimous, committee: 3),
            Policy(rule: .quorum, quorum: 3, committee: 4, maximumCommittee: 6),
            Policy(rule: .majority, committee: 5, maximumCommittee: 7),
            Policy(rule: .majority, committee: 2, maximumCommittee: 4),
        ]
        let signers = [(4, 3), (3, 2), (5, 4), (5, 3), (3, 3)]
        var shapes: [Shape] = []
        for (index, entry) in operators.enumerated() {
            let nodes = entry.reduce(0) { $0 + $1.1 }
            for (offset, policy) in policies.enumerated() where policy.committee <= nodes {
                let (count, threshold) = signers[(3 * index + offset) % signers.count]
                shapes.append(
                    Shape(
                        operators: entry.map { Operator(weight: $0.0, nodes: $0.1) }, policy: policy,
                        spareRanks: (index + offset) % 3, signers: count, threshold: threshold))
            }
        }
        return shapes
    }()
}
