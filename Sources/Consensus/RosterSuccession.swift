public import Cryptography
public import DNAProtocol

/// What a newer roster epoch means for a committee drawn from an older one.
public struct RosterSuccession: Hashable, Sendable {
    /// Why something begun under the older epoch cannot be finished.
    public enum Break: Hashable, Sendable {
        /// This node is gone or revoked, or it is another operator's.
        case node(Ed25519.PublicKey)
        /// An operator on the committee has another weight now.
        case weights
    }

    private let newest: [Ed25519.PublicKey: Roster.Node]
    private let weights: [String: Int]
    private let older: [String: Int]

    /// What became of `older` in `newest`.
    public init(from older: Roster, to newest: Roster) {
        self.newest = Dictionary(newest.nodes.map { ($0.key, $0) }) { first, _ in first }
        weights = Self.weights(of: newest)
        self.older = Self.weights(of: older)
    }

    private static func weights(of roster: Roster) -> [String: Int] {
        Dictionary(roster.operators.map { ($0.name, $0.weight) }) { first, _ in first }
    }

    /// Why a decision of these `voters` of `committee` is not to be signed any more; nil when it is. Whoever has left
    /// since has still voted; whoever was revoked, or is another operator's now, decides nothing.
    public func obstacle(to voters: some Sequence<Ed25519.PublicKey>, of committee: Committee) -> Break? {
        for voter in voters {
            guard let member = committee.member(voter) else { return .node(voter) }
            guard let entry = newest[voter] else { continue }
            guard entry.status != .revoked, entry.operator == member.operator else { return .node(voter) }
        }
        return weightsObstacle(to: committee)
    }

    /// Why a round among `committee` is given up for a new one; nil when it goes on. Each member must still be active.
    public func obstacle(to committee: Committee) -> Break? {
        for member in committee.members {
            guard let entry = newest[member.node], entry.status == .active, entry.operator == member.operator else {
                return .node(member.node)
            }
        }
        return weightsObstacle(to: committee)
    }

    /// Every operator on the committee must have the weight it had.
    private func weightsObstacle(to committee: Committee) -> Break? {
        committee.members.allSatisfy { weights[$0.operator] == older[$0.operator] } ? nil : .weights
    }
}
