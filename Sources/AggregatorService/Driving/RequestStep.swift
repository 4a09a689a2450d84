import Consensus
import CoordinatorStore
import DNAProtocol
import Logging

/// One state change of one request, inside one transaction.
struct RequestStep {
    let context: DriverContext
    let subject: RequestSubject
    let owned: OwnedRequest
    let now: Timestamp
    let logger: Logger

    func take() async throws -> NextMove {
        switch owned.state {
        case .accepted, .seeded:
            // Nobody has to be asked for this seed: the two changes are one transaction.
            if owned.state == .accepted { try await owned.seed(subject.randomness.seed) }
            let previous = try await owned.latestRound()
            // Asked again: the members who were asked before stay, so that nobody can draw another committee.
            let size = previous?.committee.members.count ?? subject.request.policy.committee
            return try await openRound(size: size, after: previous)
        case .assigned, .voting: return try await advanceRound()
        case .decided: return .sign(try await signingTask())
        case .certified, .failed, .cancelled, .expired: return .end
        }
    }

    // MARK: Rounds

    private func advanceRound() async throws -> NextMove {
        guard let round = try await owned.latestRound() else {
            throw StoreError.documentInvalid(table: "rounds")
        }
        let roster = try await roster(round.committee.roster)
        switch try await progress(of: round, roster).step(at: now) {
        case .wait(let deadline): return .wait(until: min(deadline, owned.expiresAt))
        case .closeSet(let set):
            let deadline = now + context.options.voteTimeout
            try await owned.closeSet(of: round.number, root: try set.root(), voteDeadline: deadline)
            logger.info("set closed", metadata: ["round": "\(round.number)", "members": "\(set.commitments.count)"])
            return .wait(until: min(deadline, owned.expiresAt))
        case .decide(let winners): return try await decide(winners, round, roster)
        case .giveUp:
            logger.notice("no quorum", metadata: ["round": "\(round.number)", "votes": "\(round.votes.count)"])
            let size = min(round.committee.members.count + 2, subject.request.policy.maximumCommittee)
            guard size > round.committee.members.count else { return try await fail(.noQuorum) }
            return try await openRound(size: size, after: round)
        case .renew(let obstacle):
            logger.notice("round given up", metadata: ["round": "\(round.number)", "reason": "\(obstacle)"])
            return try await openRound(size: round.committee.members.count, after: round)
        }
    }

    private func progress(of round: RoundRecord, _ roster: SignedRoster) async throws -> RoundProgress {
        let tally = Tally(
            policy: subject.request.policy, committee: round.committee, roster: roster.roster,
            isDevelopment: context.options.genesis.development)
        return RoundProgress(
            committee: round.committee, tally: tally, commitments: round.commitments,
            commitDeadline: round.commitDeadline, set: round.set, voteDeadline: round.voteDeadline, votes: round.votes,
            succession: try await succession(of: round, roster))
    }

    /// What the newest epoch means for a round; nil when the round was drawn from it.
    private func succession(of round: RoundRecord, _ roster: SignedRoster) async throws -> RosterSuccession? {
        guard let newest = owned.newestRosterID, newest != round.committee.roster else { return nil }
        return RosterSuccession(from: roster.roster, to: try await self.roster(newest).roster)
    }

    private func openRound(size: Int, after previous: RoundRecord?) async throws -> NextMove {
        guard let rosterID = owned.newestRosterID else { throw StoreError.networkUnknown }
        let roster = try await roster(rosterID)
        let spare = context.options.genesis.policyBounds.spareRanks
        let ranking = CommitteeRanking(of: roster.roster, randomness: subject.randomness.ranking)
        // Ranks are the epoch's own: a member is kept under the rank it has now, if it still could be drawn.
        let window = ranking.members.prefix(size + spare)
        let kept = window.filter { previous?.committee.member($0.node) != nil }
        let available = try await owned.availableNodes(
            serving: subject.request.model, within: context.options.availabilityWindow)
        let members = ranking.choose(size: size, spareRanks: spare, keeping: Array(kept)) { available.contains($0) }
        guard members.count >= subject.request.policy.committee else { return try await fail(.tooFewNodes) }
        let number = (previous?.number ?? 0) + 1
        let isGrowth = ![.accepted, .seeded].contains(owned.state) && previous?.committee.roster == rosterID
        let hasGrown = members.count > previous?.committee.members.count ?? 0
        guard number <= 64, hasGrown || !isGrowth else { return try await fail(.noQuorum) }
        let committee = Committee(
            network: context.network, roster: rosterID, request: subject.id, round: number, members: members)
        let deadline = now + context.options.commitTimeout
        try await owned.openRound(committee, commitDeadline: deadline)
        logger.info("round opened", metadata: ["round": "\(number)", "members": "\(members.count)"])
        return .wait(until: min(deadline, owned.expiresAt))
    }

    private func roster(_ id: RosterID) async throws -> SignedRoster {
        guard let entry = try await context.rosters.entry(id, load: { try await owned.roster(id) }) else {
            throw StoreError.documentInvalid(table: "rosters")
        }
        return entry.signed
    }

    private func fail(_ reason: FailureReason) async throws -> NextMove {
        try await owned.fail(reason.rawValue)
        logger.notice("failed", metadata: ["reason": "\(reason.rawValue)"])
        return .end
    }

    // MARK: Decision

    private func decide(_ winners: [Vote], _ round: RoundRecord, _ roster: SignedRoster) async throws -> NextMove {
        // A signer knows the epoch before the newest by its successor; of older ones it may not have heard.
        guard let newest = owned.newestRosterID else { throw StoreError.networkUnknown }
        let isKnown = [newest, try await self.roster(newest).roster.previous].contains(round.committee.roster)
        guard isKnown else { return try await openRound(size: round.committee.members.count, after: round) }
        guard let set = round.set,
            let decision = try Decision(winners: winners, set: try set.root(), decidedAt: now)
        else { throw StoreError.documentInvalid(table: "votes") }
        let task = try await signingTask(for: decision, round, roster)
        // What is written cannot be taken back: it had better be what everybody else will find.
        try DecisionCheck(genesis: context.options.genesis).check(decision, evidence: task.evidence)
        try await owned.decide(decision)
        logger.info("decided", metadata: ["round": "\(round.number)", "voters": "\(decision.voters.count)"])
        return .sign(task)
    }

    /// The decision of an earlier owner, or of this one: it is signed as it was written.
    private func signingTask() async throws -> SigningTask {
        guard let decision = try await owned.decision(), let round = try await owned.round(decision.round) else {
            throw StoreError.documentInvalid(table: "decisions")
        }
        return try await signingTask(for: decision, round, try await roster(round.committee.roster))
    }

    private func signingTask(
        for decision: Decision, _ round: RoundRecord, _ roster: SignedRoster
    ) async throws -> SigningTask {
        guard let set = round.set, let answer = try await owned.answer(of: decision),
            let winner = round.votes.first(where: { decision.voters.contains($0.body.node) })
        else { throw StoreError.documentInvalid(table: "outputs") }
        // A vote for the winner that came after the decision would make it another decision.
        let votes = round.votes.filter {
            decision.voters.contains($0.body.node) || $0.body.answer != winner.body.answer
        }
        let evidence = Evidence(
            request: subject.request, manifest: subject.manifest, roster: roster, committee: round.committee, set: set,
            votes: votes)
        return SigningTask(decision: decision, evidence: evidence, prompt: answer.prompt, output: answer.output)
    }
}
