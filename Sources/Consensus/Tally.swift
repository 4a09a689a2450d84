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
        // A roster or committee that nobody has checked may name somebody twice; that must not end the process.
        let weightOfOperator = Dictionary(roster.operators.map { ($0.name, $0.weight) }) { first, _ in first }
        let sizes = Dictionary(grouping: committee.members, by: \.operator).mapValues(\.count)
        let unit = sizes.values.reduce(1, leastCommonMultiple)
        var weights: [Ed25519.PublicKey: Int] = [:]
        for member in committee.members {
            weights[member.node] = (weightOfOperator[member.operator] ?? 0) * (unit / (sizes[member.operator] ?? 1))
        }
        self.weights = weights
        total = weights.values.reduce(0, +)
        operators = Dictionary(committee.members.map { ($0.node, $0.operator) }) { first, _ in first }
    }

    /// Counts `votes`, one per member; votes of others count nothing.
    public func verdict(on votes: [Vote.Body]) -> Verdict {
        let cast = Dictionary(votes.filter { weights[$0.node] != nil }.map { ($0.node, $0.answer) }) { first, _ in first
        }
        let answers = Dictionary(grouping: cast.keys.sorted()) { cast[$0] }
        // On a development network two answers may both be enough. All who count must take the same one of them: the
        // heavier, then the one of the least key.
        let winners = answers.filter { isEnough($0.value) }.values
            .max { (weight(of: $0), $1[0]) < (weight(of: $1), $0[0]) }
        if let winners, let answer = cast[winners[0]] { return .agreed(answer, voters: winners) }
        let silent = weights.keys.filter { cast[$0] == nil }
        let canWin = ([[]] + answers.values).contains { isEnough($0 + silent) }
        return canWin ? .open : .impossible
    }

    /// Whether these members could decide if they all agreed.
    public func canDecide(_ members: [Ed25519.PublicKey]) -> Bool {
        isEnough(Set(members).filter { weights[$0] != nil })
    }

    private func weight(of voters: some Sequence<Ed25519.PublicKey>) -> Int {
        voters.reduce(0) { $0 + (weights[$1] ?? 0) }
    }

    /// `voters` are members, each of them once.
    private func isEnough(_ voters: some Collection<Ed25519.PublicKey>) -> Bool {
        let weight = weight(of: voters)
        let rule =
            switch policy.rule {
            case .majority: 2 * weight > total
            case .supermajority: 3 * weight > 2 * total
            case .unanimous: voters.count == weights.count
            case .quorum: voters.count >= quorum && (2 * weight > total || !meansMoreThanHalf)
            }
        guard !isDevelopment else { return rule }
        // Below half the weight, or with one operator alone, agreement proves nothing.
        return rule && 2 * weight > total && Set(voters.compactMap { operators[$0] }).count >= 2
    }

    /// The policy's k, grown with the committee so that it stays the same share of it.
    private var quorum: Int {
        guard let share = declaredQuorum else { return weights.count }
        return (share * weights.count + policy.committee - 1) / policy.committee
    }

    /// Whether the policy's k is more than half of the committee; only on a development network may it be less.
    private var meansMoreThanHalf: Bool { declaredQuorum.map { 2 * $0 > policy.committee } ?? true }

    /// The policy's k; nil when the policy breaks its own rules, and then all members are asked for.
    private var declaredQuorum: Int? {
        guard (1...Committee.maximumMembers).contains(policy.committee), let quorum = policy.quorum,
            (1...policy.committee).contains(quorum)
        else { return nil }
        return quorum
    }
}

private func leastCommonMultiple(_ left: Int, _ right: Int) -> Int {
    var (divisor, rest) = (left, right)
    while rest != 0 { (divisor, rest) = (rest, divisor % rest) }
    return left / divisor * right
}
