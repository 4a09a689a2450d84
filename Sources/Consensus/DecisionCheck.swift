import Canonical
public import DNAProtocol

/// Reaches a decision again from its evidence. Aggregator, signers and verifiers run the same check, so that nobody
/// has to believe the one before.
public struct DecisionCheck: Sendable {
    private let genesis: Genesis
    private let network: NetworkID

    /// Checks decisions of the network of `genesis`. Throws ``InvalidField`` when the genesis breaks a rule itself.
    public init(genesis: Genesis) throws {
        try genesis.validate()
        self.genesis = genesis
        network = try genesis.networkID()
    }

    /// Throws ``InvalidField``, naming the rule, unless `evidence` leads to exactly `decision`.
    ///
    /// `decided_at` is the one field that evidence cannot prove.
    public func check(_ decision: Decision, evidence: Evidence) throws {
        try checkRequest(evidence)
        try checkCommittee(evidence)
        let root = try Self.checkVotes(of: evidence)
        let expected = try Decision(winners: try winners(evidence), set: root, decidedAt: decision.decidedAt)
        try require(decision == expected, "decision", "is not what the votes lead to")
    }

    /// Checks as much as can be without a network: that the parts name each other, that the members signed their
    /// commitments and votes, and that the voters' votes add up to the decision. Whether they were the right voters, and
    /// enough of them, only a genesis tells.
    package static func checkConsistency(of decision: Decision, with evidence: Evidence) throws {
        try evidence.request.validate()
        try evidence.manifest.validate()
        try checkModel(evidence)
        try require(
            evidence.committee.roster == (try evidence.roster.roster.rosterID()), "committee.roster",
            "is not the roster")
        let root = try checkVotes(of: evidence)
        let voters = Set(decision.voters)
        let winners = evidence.votes.filter { voters.contains($0.body.node) }
        try require(Set(winners.map(\.body.answer)).count == 1, "decision.voters", "did not give one answer")
        let expected = try Decision(winners: winners, set: root, decidedAt: decision.decidedAt)
        try require(decision == expected, "decision", "is not what the votes lead to")
    }

    /// Checks that the manifest is the one the request's model id stands for.
    private static func checkModel(_ evidence: Evidence) throws {
        let model = try evidence.model()
        try require(model.id == evidence.request.model, "request.model", "is not the package root's")
    }

    private func checkRequest(_ evidence: Evidence) throws {
        let (request, manifest) = (evidence.request, evidence.manifest)
        try request.validate()
        try require(request.network == network, "request.network", "is not this network")
        try manifest.validate(within: genesis)
        try Self.checkModel(evidence)
        try request.policy.validate(within: genesis)
        try manifest.check(request)
    }

    private func checkCommittee(_ evidence: Evidence) throws {
        let (committee, policy) = (evidence.committee, evidence.request.policy)
        try evidence.roster.validate(in: genesis)
        let requestID = try evidence.request.requestID()
        try require(committee.version == 1, "committee.version", "must be 1")
        try require(committee.network == network, "committee.network", "is not this network")
        try require(committee.request == requestID, "committee.request", "is not this request")
        try require(
            committee.roster == (try evidence.roster.roster.rosterID()), "committee.roster", "is not the roster")
        try require(
            (1...Committee.maximumRound).contains(committee.round), "committee.round",
            "must be 1 to \(Committee.maximumRound)")
        try require(
            committee.hasSize(of: policy), "committee.members", "are not as many as the policy and the round ask for")
        let randomness = Randomness(of: evidence.request, id: requestID)
        let ranking = CommitteeRanking(of: evidence.roster.roster, randomness: randomness.ranking)
        try require(
            ranking.admits(committee.members, spareRanks: genesis.policyBounds.spareRanks), "committee.members",
            "are not drawn from the request's ranking")
    }

    /// Checks the set and every vote, and returns the set's root.
    private static func checkVotes(of evidence: Evidence) throws -> Digest {
        // Everything below looks members up one by one.
        try require(
            evidence.committee.members.count <= Committee.maximumMembers, "committee.members",
            "are more than \(Committee.maximumMembers)")
        let ballot = try Ballot(request: evidence.request, committee: evidence.committee)
        try ballot.check(evidence.set)
        let root = try evidence.set.root()
        let votes = evidence.votes
        for (earlier, later) in zip(votes, votes.dropFirst()) {
            try require(earlier.body.node < later.body.node, "votes", "must be one per node, in ascending order")
        }
        for vote in votes { try ballot.check(vote, in: evidence.set, root: root) }
        return root
    }

    private func winners(_ evidence: Evidence) throws -> [Vote] {
        let votes = evidence.votes
        let tally = Tally(
            policy: evidence.request.policy, committee: evidence.committee, roster: evidence.roster.roster,
            isDevelopment: genesis.development)
        guard case .agreed(let answer, _) = tally.verdict(on: votes.map(\.body)) else {
            throw InvalidField("votes", "do not satisfy the policy")
        }
        return votes.filter { $0.body.answer == answer }
    }
}
