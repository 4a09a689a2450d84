import Canonical
import Consensus
import CoordinatorStore
import Cryptography
import DNAProtocol
import Logging
import ServiceKit

/// What nodes ask and send. Everything that is kept is checked first; everything may be sent twice.
struct NodeDesk: Sendable {
    let network: NetworkID
    let store: AggregatorStore
    let rosters: RosterCache
    let doorbells: Doorbells
    let clock: any WallClock
    let logger: Logger
    let metrics: AggregatorMetrics

    // MARK: Work

    /// Work for the node that asks, as soon as there is any within the time it names.
    func assignment(_ poll: AssignmentPoll) async throws -> Assignment? {
        try await check(poll)
        let body = poll.body
        return try await doorbells.assignments.waiting(for: body.node) { wakeup in
            try await store.recordPoll(body)
            let assignment = try await wait(wakeup, doorbells.assignments, seconds: body.wait) {
                // Again each time: a new roster epoch wakes whoever waits.
                try await checkActive(body.node)
                return try await store.nextAssignment(
                    for: body.node, models: body.models, except: (body.refused ?? []) + (body.inHand ?? []),
                    now: clock.now())
            }
            if let assignment { try note(assignment, for: body.node) }
            return assignment
        }
    }

    private func note(_ assignment: Assignment, for node: Ed25519.PublicKey) throws {
        metrics.assignmentSent()
        logger.debug(
            "assigned",
            metadata: [
                "request": "\(assignment.committee.request)", "round": "\(assignment.committee.round)",
                "node": "\(node)",
            ])
    }

    private func check(_ poll: AssignmentPoll) async throws {
        let body = poll.body
        typealias Limits = AssignmentPoll.Body
        guard body.network == network else { throw Problem.invalid("body.network", "is not this network") }
        guard body.models.count <= Limits.maximumModels else {
            throw Problem.invalid("body.models", "must hold at most \(Limits.maximumModels)")
        }
        guard (body.refused ?? []).count <= Limits.maximumRefused else {
            throw Problem.invalid("body.refused", "must hold at most \(Limits.maximumRefused)")
        }
        guard (body.inHand ?? []).count <= Limits.maximumInHand else {
            throw Problem.invalid("body.in_hand", "must hold at most \(Limits.maximumInHand)")
        }
        guard (0...Limits.maximumWait).contains(body.wait) else {
            throw Problem.invalid("body.wait", "must be 0 to \(Limits.maximumWait)")
        }
        guard abs(body.at.seconds - clock.now().seconds) <= Limits.tolerance else {
            throw Problem.invalid("body.at", "is more than \(Limits.tolerance) seconds off")
        }
        guard try body.isSigned(by: body.node, poll.signature) else {
            throw ServiceError(.unauthenticated, "the signature does not verify", field: "signature")
        }
        try await checkActive(body.node)
    }

    private func checkActive(_ node: Ed25519.PublicKey) async throws {
        let roster = try await newestRoster()
        guard !roster.revokedNodes.contains(node) else { throw Problem.revoked }
        guard roster.activeNodes.contains(node) else {
            throw ServiceError(.permissionDenied, "the node is not active in the roster", field: "body.node")
        }
    }

    /// The epoch in force.
    func newestRoster() async throws -> RosterCache.Entry {
        guard let id = try await store.newestRosterID(),
            let roster = try await rosters.entry(id, load: { try await store.roster(id) })
        else { throw ServiceError(.unavailable, "no roster is known yet") }
        return roster
    }

    // MARK: Ballots

    /// Keeps a commitment.
    func take(_ commitment: Commitment, request: RequestID, round: Int) async throws {
        try await counting(.commitment, request, round, commitment.body.node) {
            try await admit(commitment, request: request, round: round)
        }
    }

    private func admit(_ commitment: Commitment, request: RequestID, round: Int) async throws -> Admission {
        let body = commitment.body
        try checkPlace(body.request, body.round, request, round)
        let view = try await view(request, round)
        let ballot = try Ballot(request: view.request, committee: view.round.committee)
        do {
            try ballot.check(commitment)
        } catch let error as InvalidField {
            // Wrong as it is, it may still be the second one.
            guard try ballot.isSignedHere(commitment), try await store.judge(commitment) == .contradiction else {
                throw error
            }
            return .contradiction
        }
        // A request that has ended takes nothing more; whether the set is open, the store knows.
        let now = clock.now()
        return try await view.state == .assigned ? store.add(commitment, now: now) : store.judge(commitment, now: now)
    }

    /// Keeps a vote with its answer. A late one is kept as well.
    func take(_ submission: VoteSubmission, request: RequestID, round: Int) async throws {
        try await counting(.vote, request, round, submission.vote.body.node) {
            try await admit(submission, request: request, round: round)
        }
    }

    private func admit(_ submission: VoteSubmission, request: RequestID, round: Int) async throws -> Admission {
        let vote = submission.vote
        try checkPlace(vote.body.request, vote.body.round, request, round)
        let view = try await view(request, round)
        guard let set = view.round.set, let root = view.round.setRoot else { return .closed }
        let ballot = try Ballot(request: view.request, committee: view.round.committee)
        do {
            try ballot.check(vote, in: set, root: root)
        } catch let error as InvalidField {
            guard try ballot.isSignedHere(vote) else { throw error }
            // What a node has signed it answers for.
            _ = try await store.judge(vote, isMismatched: true)
            throw error
        }
        try ballot.checkAnswer(of: submission)
        return try await store.add(submission, now: clock.now())
    }

    /// Counts and logs what a node sent, and answers it.
    private func counting(
        _ kind: BallotKind, _ request: RequestID, _ round: Int, _ node: Ed25519.PublicKey,
        _ body: () async throws -> Admission
    ) async throws {
        var metadata: Logger.Metadata = ["request": "\(request)", "round": "\(round)", "node": "\(node)"]
        let admission: Admission
        do {
            admission = try await body()
        } catch let error as InvalidField {
            metrics.ballot(kind, nil)
            metadata["reason"] = "\(error)"
            logger.warning("\(kind.rawValue) refused", metadata: metadata)
            throw error
        }
        metrics.ballot(kind, admission)
        switch admission {
        case .recorded, .repeated: logger.debug("\(kind.rawValue) received", metadata: metadata)
        case .late, .closed: logger.info("\(kind.rawValue) not in time", metadata: metadata)
        case .contradiction: logger.warning("\(kind.rawValue) contradicts an earlier one", metadata: metadata)
        }
        // A late vote counts for as long as the round is not over.
        if kind != .vote || admission != .late { try answer(admission) }
    }

    private func checkPlace(_ request: RequestID, _ round: Int, _ pathRequest: RequestID, _ pathRound: Int) throws {
        guard request == pathRequest else { throw Problem.invalid("body.request", "is not the path's") }
        guard round == pathRound else { throw Problem.invalid("body.round", "is not the path's") }
    }

    private func answer(_ admission: Admission) throws {
        switch admission {
        case .recorded, .repeated: return
        case .contradiction: throw Problem.contradiction
        case .late, .closed: throw Problem.closed
        }
    }

    private func view(_ request: RequestID, _ round: Int) async throws -> RoundView {
        guard let view = try await store.view(of: request, round: round) else {
            throw ServiceError(.notFound, "no such round")
        }
        return view
    }

    // MARK: Sets

    /// A round's closed set, as soon as it is closed; nil when it is still open after so many seconds. Only members of the
    /// committee see it, as far as the link says who asks (`node`).
    func set(of request: RequestID, round: Int, for node: String?, wait seconds: Int) async throws -> CommitmentSet? {
        try await doorbells.rounds.waiting(for: request) { wakeup in
            try await wait(wakeup, doorbells.rounds, seconds: seconds) {
                let view = try await view(request, round)
                guard node.map({ name in view.round.committee.members.contains { $0.node.hex == name } }) ?? true else {
                    throw ServiceError(.permissionDenied, "the node is not on the round's committee")
                }
                if let set = view.round.set, view.isLatest { return set }
                guard view.isLatest, !view.state.isFinal else { throw Problem.gone }
                return nil
            }
        }
    }

    /// What `look` finds, now or after one of the wakeups; nil when the time is over or the service stops.
    func wait<Key, Value>(
        _ wakeup: Wakeup, _ table: WakeupTable<Key>, seconds: Int, _ look: () async throws -> Value?
    ) async throws -> Value? {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            if let value = try await look() { return value }
            guard .now < deadline, !table.isClosed, !Task.isCancelled else { return nil }
            await wakeup.wait { try await Task.sleep(until: deadline, clock: .continuous) }
        }
    }
}
