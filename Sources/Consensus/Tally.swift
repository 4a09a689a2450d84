public import Cryptography
public import DNAProtocol

/// Counts a committee's votes under a policy.
///
/// Weight belongs to the operator: its members on the committee share it equally, in exact integers. The weight that
/// counts is all that was asked, so silence counts against.
public struct Tally: Sendable {
    private let policy: Policy
    private let isDevelopment: Bool
    /// Weight of each member, in units in which an operator's weight divides equally.
    private let weights: [Ed25519.PublicKey: Int]
    private let operators: [Ed25519.PublicKey: String]
    private let total: Int

    /// What the votes so far come to.
    public enum Verdict: Hashable, Sendable {
        /// Enough members gave this answer.
        case agreed(Vote.Body.Answer, voters: [Ed25519.PublicKey])
        /// Members who are still silent may decide it.
        case open
        /// Whatever the silent members say, no answer can win.
        case impossible
    }

    /// Prepares to count the votes of `committee`.
    public init(policy: Policy, committee: Committee, roster: Roster, isDevelopment: Bool) {
        self.policy = policy
        self.isDevelopment = isDevelopment
        let weightOfOperator = Dictionary(uniqueKeysWithValues: roster.operators.map { ($0.name, $0.weight) })
        let sizes = Dictionary(grouping: committee.members, by: \.operator).mapValues(\.count)
        let unit = sizes.values.reduce(1, leastCommonMultiple)
        var weights: [Ed25519.PublicKey: Int] = [:]
        for member in committee.members {
            weights[member.node] = (weightOfOperator[member.operator] ?? 0) * (unit / (sizes[member.operator] ?? 1))
        }
        self.weights = weights
        total = weights.values.reduce(0, +)
        operators = Dictionary(uniqueKeysWithValues: committee.members.map { ($0.node, $0.operator) })
    }

    /// Counts `votes`, one per member; votes of others count nothing.
    public func verdict(on votes: [Vote.Body]) -> Verdict {
        let cast = Dictionary(votes.filter { weights[$0.node] != nil }.map { ($0.node, $0.answer) }) { first, _ in first
        }
        let answers = Dictionary(grouping: cast.keys) { cast[$0] }
        for (answer, voters) in answers {
            if let answer, isEnough(voters) { return .agreed(answer, voters: voters.sorted()) }
        }
        let silent = weights.keys.filter { cast[$0] == nil }
        let canWin = ([[]] + answers.values).contains { isEnough($0 + silent) }
        return canWin ? .open : .impossible
    }

    /// Whether these members could decide if they all agreed.
    public func canDecide(_ members: [Ed25519.PublicKey]) -> Bool { isEnough(members.filter { weights[$0] != nil }) }

    private func isEnough(_ voters: [Ed25519.PublicKey]) -> Bool {
        let weight = voters.reduce(0) { $0 + (weights[$1] ?? 0) }
        let rule =
            switch policy.rule {
            case .majority: 2 * weight > total
            case .supermajority: 3 * weight > 2 * total
            case .unanimous: voters.count == weights.count
            case .quorum: voters.count >= quorum
            }
        guard !isDevelopment else { return rule }
        // Below half the weight, or with one operator alone, agreement proves nothing.
        return rule && 2 * weight > total && Set(voters.compactMap { operators[$0] }).count >= 2
    }

    /// The policy's k, grown with the committee so that it stays the same share of it.
    private var quorum: Int {
        let declared = policy.quorum ?? policy.committee
        return (declared * weights.count + policy.committee - 1) / policy.committee
    }
}

private func leastCommonMultiple(_ left: Int, _ right: Int) -> Int {
    var (divisor, rest) = (left, right)
    while rest != 0 { (divisor, rest) = (rest, divisor % rest) }
    return left / divisor * right
}
