public import Cryptography
public import DNAProtocol

/// Why a request failed, as clients read it.
public enum FailureReason: String, Hashable, Sendable, CaseIterable {
    /// The stored request breaks a rule of the protocol: no honest gateway has put it there.
    case invalidRequest = "invalid_request"
    /// The roster cannot fill the policy's committee.
    case tooFewNodes = "too_few_nodes"
    /// No answer won in the largest committee the policy allows.
    case noQuorum = "no_quorum"
    /// The signers did not sign the decision in time.
    case signingFailed = "signing_failed"
}

/// What the owner of a request does next: a function of the stored rows and the time alone, so that any aggregator can
/// carry on from where another one died.
public struct RequestCourse: Sendable {
    /// Names the request.
    public let id: RequestID
    /// The request.
    public let request: Request
    /// Its model.
    public let model: PublishedModel
    /// Its randomness.
    public let randomness: Randomness
    private let genesis: Genesis

    /// Checks a request as signers will: a gateway may have put anything there. Throws ``InvalidField``.
    public init(_ id: RequestID, _ request: Request, _ model: PublishedModel, genesis: Genesis) throws {
        try require(try request.requestID() == id, "request", "is not the one its id names")
        try require(try request.network == genesis.networkID(), "request.network", "is not this network")
        try request.validate()
        try request.policy.validate(within: genesis)
        try require(model.id == request.model, "request.model", "is another model")
        try model.manifest.check(request)
        self.id = id
        self.request = request
        self.model = model
        self.genesis = genesis
        randomness = Randomness(of: request, id: id)
    }

    /// One change of a request's rows, or the finding that there is none to make.
    public enum Move: Hashable, Sendable {
        /// Nothing until something arrives, or this moment comes.
        case wait(until: Timestamp)
        /// Draw a committee of this size and open a round: ``RequestCourse/opening(size:after:reopening:roster:available:)``.
        case openRound(size: Int)
        /// Close the latest round's set with these commitments.
        case closeSet(CommitmentSet)
        /// Decide for the answer these votes share.
        case decide(winners: [Vote])
        /// Ask the signers for the decision that was written down.
        case sign
        /// End the request without an answer.
        case fail(FailureReason)
        /// End the request because its time is over.
        case expire
        /// It has ended.
        case end
    }

    /// The next move of a request in `state`.
    ///
    /// - Parameters:
    ///   - latest: the latest round; nil before the first.
    ///   - epochs: those that signers know: the newest, and the one before.
    ///   - end: when the request expires.
    public func move(
        _ state: RequestState, latest: RoundProgress?, epochs: [RosterID], end: Timestamp, now: Timestamp
    ) -> Move {
        guard !state.isFinal else { return .end }
        guard now < end else { return state == .decided ? .fail(.signingFailed) : .expire }
        guard state != .decided else { return .sign }
        // Asked again: the members who were asked before stay, so that nobody can draw another committee.
        let size = latest?.committee.members.count ?? request.policy.committee
        guard let latest, [.assigned, .voting].contains(state) else { return .openRound(size: size) }
        switch latest.step(at: now) {
        case .wait(let deadline): return .wait(until: min(deadline, end))
        case .closeSet(let set): return .closeSet(set)
        case .decide(let winners):
            return epochs.contains(latest.committee.roster) ? .decide(winners: winners) : .openRound(size: size)
        case .renew: return .openRound(size: size)
        case .giveUp:
            let larger = min(size + Committee.growth, request.policy.maximumCommittee)
            return larger > size ? .openRound(size: larger) : .fail(.noQuorum)
        }
    }

    /// A round's committee, or why there is none.
    public enum Opening: Hashable, Sendable {
        /// Ask these.
        case committee(Committee)
        /// The request ends.
        case fail(FailureReason)
    }

    /// Draws the committee of a new round from the newest roster epoch.
    ///
    /// - Parameters:
    ///   - previous: the round before, whose members stay if they still could be drawn.
    ///   - reopening: whether a request in the middle of a round goes on; otherwise it begins, or begins again.
    ///   - available: whether a node was heard from.
    public func opening(
        size: Int, after previous: Committee?, reopening: Bool, roster: SignedRoster,
        available: (Ed25519.PublicKey) -> Bool
    ) throws -> Opening {
        let rosterID = try roster.roster.rosterID()
        let spare = genesis.policyBounds.spareRanks
        let ranking = CommitteeRanking(of: roster.roster, randomness: randomness.ranking)
        // Ranks are the epoch's own: a member is kept under the rank it has now, if it still could be drawn.
        let kept = ranking.members.prefix(size + spare).filter { previous?.member($0.node) != nil }
        let members = ranking.choose(size: size, spareRanks: spare, keeping: Array(kept), isAvailable: available)
        guard members.count >= request.policy.committee else { return .fail(.tooFewNodes) }
        let number = (previous?.round ?? 0) + 1
        let mustGrow = reopening && previous?.roster == rosterID
        let hasGrown = members.count > previous?.members.count ?? 0
        guard number <= Committee.maximumRound, hasGrown || !mustGrow else { return .fail(.noQuorum) }
        return .committee(
            Committee(network: request.network, roster: rosterID, request: id, round: number, members: members))
    }

    /// Counts the votes of `committee`, drawn from `roster`.
    public func tally(of committee: Committee, roster: Roster) -> Tally {
        Tally(policy: request.policy, committee: committee, roster: roster, isDevelopment: genesis.development)
    }

    /// What signers need to reach `decision` again; nil when the round does not lead to it.
    ///
    /// - Parameters:
    ///   - votes: the decision's round's, late ones among them.
    ///   - contradicted: nodes whose votes count for nothing, unless they were in the decision before that was known: what
    ///     was decided is decided.
    public func evidence(
        for decision: Decision, committee: Committee, set: CommitmentSet, votes: [Vote],
        contradicted: Set<Ed25519.PublicKey> = [], roster: SignedRoster
    ) -> Evidence? {
        let winners = votes.filter { decision.voters.contains($0.body.node) }
        guard let answer = winners.first?.body.answer else { return nil }
        // A vote for the winner that came after the decision would make it another decision.
        let counted = votes.filter {
            decision.voters.contains($0.body.node)
                || $0.body.answer != answer && !contradicted.contains($0.body.node)
        }
        // So would later votes for an answer that is enough as well, as there may be one on a development network.
        let verdict = tally(of: committee, roster: roster.roster).verdict(on: counted.map(\.body))
        let stillLeadsToIt = if case .agreed(answer, _) = verdict { true } else { false }
        return Evidence(
            request: request, model: model, roster: roster, committee: committee, set: set,
            votes: stillLeadsToIt ? counted : winners)
    }
}
