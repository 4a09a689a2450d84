import Consensus
import CoordinatorStore
import DNAProtocol
import Logging

/// One state change of one request, inside one transaction.
struct RequestStep {
    let context: DriverContext
    let subject: RequestCourse
    let owned: OwnedRequest
    let now: Timestamp
    let logger: Logger

    private var metrics: AggregatorMetrics { context.metrics }

    func take() async throws -> NextMove {
        guard let newest = owned.newestRosterID else { throw StoreError.networkUnknown }
        let round = try await owned.latestRound()
        var known: (roster: SignedRoster, progress: RoundProgress)?
        if let round {
            let roster = try await roster(round.committee.roster)
            known = (roster, try await progress(of: round, roster, newest))
        }
        // A signer knows the epoch before the newest by its successor; of older ones it may not have heard.
        let epochs = [newest, try await self.roster(newest).roster.previous].compactMap(\.self)
        let move = subject.move(owned.state, latest: known?.progress, epochs: epochs, end: owned.expiresAt, now: now)
        try await blameSilent(in: round, before: move)
        switch move {
        case .wait(let moment): return .wait(until: moment)
        case .openRound(let size): return try await openRound(size: size, after: round, newest)
        case .closeSet(let set): return try await close(set)
        case .decide(let winners):
            guard let round, let roster = known?.roster else { throw StoreError.documentInvalid(table: "rounds") }
            return try await decide(winners, round, roster)
        case .sign: return .sign(try await signingTask())
        case .fail(let reason): return try await fail(reason)
        case .expire: return try await expire()
        case .end: return .end
        }
    }

    /// Records who has not voted when the deadline ends a round. One that the others decided before accuses nobody.
    private func blameSilent(in round: RoundRecord?, before move: RequestCourse.Move) async throws {
        guard owned.state == .voting, let round, let deadline = round.voteDeadline, now >= deadline else { return }
        switch move {
        case .openRound, .fail, .expire: try await owned.blameSilent(in: round)
        case .wait, .closeSet, .decide, .sign, .end: return
        }
    }

    // MARK: Rounds

    private func progress(
        of round: RoundRecord, _ roster: SignedRoster, _ newest: RosterID
    ) async throws -> RoundProgress {
        // What the newest epoch means for the round; nothing when the round was drawn from it.
        var succession: RosterSuccession?
        if newest != round.committee.roster {
            succession = RosterSuccession(from: roster.roster, to: try await self.roster(newest).roster)
        }
        var progress = RoundProgress(
            committee: round.committee, tally: subject.tally(of: round.committee, roster: roster.roster),
            commitments: round.commitments, commitDeadline: round.commitDeadline, set: round.set,
            voteDeadline: round.voteDeadline, votes: round.votes, succession: succession)
        progress.contradicted = round.contradicted
        return progress
    }

    private func openRound(size: Int, after previous: RoundRecord?, _ newest: RosterID) async throws -> NextMove {
        // Nobody has to be asked for this seed: the two changes are one transaction.
        if owned.state == .accepted {
            try await owned.seed(subject.randomness.seed)
            metrics.transition(to: .seeded)
        }
        if let previous, !isBeginning {
            if newest == previous.committee.roster { metrics.round(.noQuorum) } else { metrics.round(.superseded) }
            logger.notice(
                "round given up", metadata: ["round": "\(previous.number)", "votes": "\(previous.votes.count)"])
        }
        let available = try await owned.availableNodes(
            serving: subject.request.model, within: context.options.availabilityWindow)
        let opening = try subject.opening(
            size: size, after: previous?.committee, reopening: !isBeginning, roster: try await roster(newest)
        ) { available.contains($0) }
        switch opening {
        case .fail(let reason): return try await fail(reason)
        case .committee(let committee):
            let deadline = now + context.options.commitTimeout
            try await owned.openRound(committee, commitDeadline: deadline)
            metrics.transition(to: .assigned)
            metrics.round(.opened)
            if let previous, committee.members.count > previous.committee.members.count { metrics.policy(.enlarged) }
            logger.info(
                "round opened",
                metadata: ["round": "\(committee.round)", "members": "\(committee.members.count)"])
            return .wait(until: min(deadline, owned.expiresAt))
        }
    }

    private var isBeginning: Bool { [.accepted, .seeded].contains(owned.state) }

    private func close(_ set: CommitmentSet) async throws -> NextMove {
        let deadline = now + context.options.voteTimeout
        try await owned.closeSet(of: set.round, root: try set.root(), voteDeadline: deadline)
        metrics.transition(to: .voting)
        metrics.round(.setClosed)
        logger.info("set closed", metadata: ["round": "\(set.round)", "members": "\(set.commitments.count)"])
        return .wait(until: min(deadline, owned.expiresAt))
    }

    private func roster(_ id: RosterID) async throws -> SignedRoster {
        guard let entry = try await context.rosters.entry(id, load: { try await owned.roster(id) }) else {
            throw StoreError.documentInvalid(table: "rosters")
        }
        return entry.signed
    }

    // MARK: Ends

    private func fail(_ reason: FailureReason) async throws -> NextMove {
        try await owned.fail(reason.rawValue)
        metrics.failed(reason)
        switch reason {
        case .noQuorum: metrics.policy(.noQuorum)
        case .tooFewNodes: metrics.policy(.tooFewNodes)
        case .invalidRequest, .signingFailed: break
        }
        logger.notice("failed", metadata: ["reason": "\(reason.rawValue)"])
        return .end
    }

    private func expire() async throws -> NextMove {
        try await owned.expire()
        metrics.transition(to: .expired)
        logger.notice("time is over", metadata: ["state": "\(owned.state.rawValue)"])
        return .end
    }

    // MARK: Decision

    private func decide(_ winners: [Vote], _ round: RoundRecord, _ roster: SignedRoster) async throws -> NextMove {
        guard let set = round.set,
            let decision = try Decision(winners: winners, set: try set.root(), decidedAt: now)
        else { throw StoreError.documentInvalid(table: "votes") }
        let task = try await signingTask(for: decision, round, roster)
        // What is written cannot be taken back: it had better be what everybody else will find.
        try DecisionCheck(genesis: context.options.genesis).check(decision, evidence: task.evidence)
        try await owned.decide(decision)
        metrics.transition(to: .decided)
        metrics.round(.decided)
        metrics.policy(.decided)
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
            let evidence = subject.evidence(
                for: decision, committee: round.committee, set: set, votes: round.votes,
                contradicted: round.contradicted,
                roster: roster)
        else { throw StoreError.documentInvalid(table: "outputs") }
        return SigningTask(decision: decision, evidence: evidence, prompt: answer.prompt, output: answer.output)
    }
}
