public import Cryptography
public import DNAProtocol

/// Where a round stands, and what to do next. A value made from the stored rows alone, so that any aggregator can
/// carry on from where another one died.
public struct RoundProgress: Sendable {
    /// The round's committee.
    public var committee: Committee
    /// Counts the committee's votes.
    public var tally: Tally
    /// The commitments that came in time.
    public var commitments: [Commitment]
    /// When commitments close.
    public var commitDeadline: Timestamp
    /// The closed set; nil while it is open.
    public var set: CommitmentSet?
    /// When votes close; nil while the set is open.
    public var voteDeadline: Timestamp?
    /// The votes that opened their commitments.
    public var votes: [Vote]
    /// What the newest roster epoch means for this round; nil when the round was drawn from it.
    public var succession: RosterSuccession?
    /// Nodes that contradicted themselves. What they sent counts for nothing, and nobody waits for them; their weight
    /// counts as silent.
    public var contradicted: Set<Ed25519.PublicKey> = []

    /// Describes a round.
    public init(
        committee: Committee, tally: Tally, commitments: [Commitment], commitDeadline: Timestamp,
        set: CommitmentSet?, voteDeadline: Timestamp?, votes: [Vote], succession: RosterSuccession? = nil
    ) {
        self.succession = succession
        self.committee = committee
        self.tally = tally
        self.commitments = commitments
        self.commitDeadline = commitDeadline
        self.set = set
        self.voteDeadline = voteDeadline
        self.votes = votes
    }

    /// What to do next.
    public enum Step: Hashable, Sendable {
        /// Nothing until something arrives, or this moment comes.
        case wait(until: Timestamp)
        /// Close the set with these commitments.
        case closeSet(CommitmentSet)
        /// Decide for the answer these votes share.
        case decide(winners: [Vote])
        /// This round cannot decide: enlarge the committee, or fail.
        case giveUp
        /// A newer roster epoch took a member away: begin another round under it, as large as this one.
        case renew(RosterSuccession.Break)
    }

    /// The next step at `now`.
    public func step(at now: Timestamp) -> Step {
        // Before anything is counted: what a revoked node has said counts for nothing.
        if let obstacle = succession?.obstacle(to: committee) { return .renew(obstacle) }
        guard let set, let voteDeadline else { return stepWhileOpen(at: now) }
        let votes = votes.filter { !contradicted.contains($0.body.node) }
        switch tally.verdict(on: votes.map(\.body)) {
        case .agreed(let answer, _):
            return .decide(winners: votes.filter { $0.body.answer == answer })
        case .impossible:
            return .giveUp
        case .open:
            let isComplete = votes.count >= awaited(set.commitments.map(\.body.node))
            return isComplete || now >= voteDeadline ? .giveUp : .wait(until: voteDeadline)
        }
    }

    private func stepWhileOpen(at now: Timestamp) -> Step {
        let able = commitments.map(\.body.node).filter { !contradicted.contains($0) }
        let isComplete = able.count >= awaited(committee.members.map(\.node))
        guard isComplete || now >= commitDeadline else { return .wait(until: commitDeadline) }
        guard tally.canDecide(able) else { return .giveUp }
        return .closeSet(CommitmentSet(round: committee.round, commitments: commitments))
    }

    /// How many of these may still say something that counts, or have.
    private func awaited(_ nodes: [Ed25519.PublicKey]) -> Int { nodes.count { !contradicted.contains($0) } }
}
