public import Cryptography
public import DNAProtocol

/// What a newer roster epoch means for a committee drawn from an older one.
public struct RosterSuccession: Hashable, Sendable {
    /// Why something begun under the older epoch cannot be finished.
    public enum Break: Hashable, Sendable {
        /// This node is not active any more, or it is another operator's.
        case node(Ed25519.PublicKey)
        /// An operator on the committee has another weight now.
        case weights
    }

    private let nodes: [Ed25519.PublicKey: String]
    private let weights: [String: Int]
    private let older: [String: Int]

    /// What became of `older` in `newest`.
    public init(from older: Roster, to newest: Roster) {
        let active = newest.nodes.filter { $0.status == .active }
        nodes = Dictionary(active.map { ($0.key, $0.operator) }) { first, _ in first }
        weights = Self.weights(of: newest)
        self.older = Self.weights(of: older)
    }

    private static func weights(of roster: Roster) -> [String: Int] {
        Dictionary(roster.operators.map { ($0.name, $0.weight) }) { first, _ in first }
    }

    /// Why the `voters` of `committee` don't decide any more; nil when they do. Each must still be active and the same
    /// operator's, and every operator on the committee must have the weight it had.
    public func obstacle(to voters: some Sequence<Ed25519.PublicKey>, of committee: Committee) -> Break? {
        for voter in voters {
            guard let member = committee.member(voter), nodes[voter] == member.operator else { return .node(voter) }
        }
        let isSame = committee.members.allSatisfy { weights[$0.operator] == older[$0.operator] }
        return isSame ? nil : .weights
    }

    /// Why a round among `committee` is given up for a new one; nil when it goes on.
    public func obstacle(to committee: Committee) -> Break? {
        obstacle(to: committee.members.map(\.node), of: committee)
    }
}
