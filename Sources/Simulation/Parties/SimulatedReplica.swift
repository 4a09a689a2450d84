import Consensus
import Cryptography
import DNAProtocol

/// An aggregator replica: what is due is decided by the service's own `RequestCourse`, `Ballot` and `SigningAttempt`.
final class SimulatedReplica: Process {
    let number: Int
    let skew: Int64
    /// Requests this replica drives, in the order in which it took them.
    var held: [Held] = []
    private var polls: [Poll] = []
    private var setWaits: [SetWait] = []
    private var isRinging = false
    private var failures = 0
    var wasHealed = false

    private struct Poll {
        let node: Ed25519.PublicKey
        let until: Int64
        let reply: (Message) -> Void
    }

    private struct SetWait {
        let request: RequestID
        let round: Int
        let until: Int64
        let reply: (Message) -> Void
    }

    init(_ world: World, _ number: Int) {
        self.number = number
        skew = world.plan.skews[number]
        super.init(world, .aggregator(number))
    }

    /// Whether this one is in the attacker's hands; the faults' end is its end too.
    var isMalicious: Bool { world.plan.maliciousReplica == number && world.isFaulty }

    override func stop() {
        held = []
        polls = []
        setWaits = []
        isRinging = false
        failures = 0
    }

    override func start() {
        keepLeases()
        releaseOld()
    }

    private func releaseOld() {
        later(1) { [self] in
            do {
                try world.transact { $0.releaseAll(of: number) }
            } catch is DatabaseUnavailable { return later(500) { [self] in releaseOld() } }
            ring()
        }
    }

    /// Something in the database has changed: looks at everything, soon.
    func ring() {
        guard isUp, !isRinging else { return }
        isRinging = true
        later(Int64(world.dice.number(1...10))) { [self] in
            isRinging = false
            try answerPolls()
            try answerSetWaits()
            try claim()
            for held in held { try drive(held) }
        }
    }

    // MARK: Leases

    private func claim() throws {
        let lease = world.plan.timeouts.lease
        do {
            let (claims, next) = try world.transact { rows in
                (rows.claim(number, limit: 8, at: world.now, for: lease), rows.nextExpiry(besides: number))
            }
            failures = 0
            for claim in claims {
                if claim.epoch > 1 { world.count(.takeovers) }
                world.note(place, "takes over", claim.request, claim.epoch)
                held.removeAll { $0.claim.request == claim.request }
                held.append(Held(claim, self))
            }
            if let next { later(max(100, next - world.now)) { [self] in ring() } }
        } catch is DatabaseUnavailable {
            later(1_000) { [self] in ring() }
        }
        try mayCrash()
    }

    private func keepLeases() {
        let lease = world.plan.timeouts.lease
        // Now and then the process gets no turn for so long that its leases end while it works on.
        let isStarved = world.isFaulty && world.dice.chance(10 * world.plan.crash)
        later(isStarved ? 2 * lease : lease / 3) { [self] in
            keepLeases()
            guard !held.isEmpty else { return }
            do {
                let claims = held.map(\.claim)
                try world.transact { rows in
                    for claim in claims { _ = rows.renew(claim, at: world.now, for: lease) }
                }
            } catch is DatabaseUnavailable { return }
        }
    }

    // MARK: Nodes

    override func receive(_ message: Message, from: Place, reply: @escaping (Message) -> Void) throws {
        do {
            switch message {
            case .poll(let node): try poll(world.town.nodes[node].node, reply)
            case .commitment(let commitment): reply(try take(commitment))
            case .vote(let submission): reply(try take(submission))
            case .setWanted(let request, let round):
                setWaits.append(.init(request: request, round: round, until: world.now + 10_000, reply: reply))
                try answerSetWaits()
            default: reply(.refused("not for an aggregator"))
            }
            try mayCrash()
        } catch is DatabaseUnavailable {
            reply(.unavailable)
        } catch let error as InvalidField {
            world.note(place, "refuses a message")
            reply(.refused("\(error)"))
        }
    }

    private func poll(_ node: Ed25519.PublicKey, _ reply: @escaping (Message) -> Void) throws {
        guard let roster = world.rows.newestRoster?.signed.roster,
            roster.nodes.contains(where: { $0.key == node && $0.status == .active })
        else { return reply(.refused("the node is not active in the roster")) }
        try world.transact { $0.heard(from: node, at: world.now) }
        polls.append(Poll(node: node, until: world.now + 10_000, reply: reply))
        later(10_001) { [self] in try answerPolls() }
        try answerPolls()
    }

    private func answerPolls() throws {
        guard !world.isOutage else {
            for poll in polls { poll.reply(.unavailable) }
            return polls = []
        }
        let open = polls
        polls = []
        for poll in open {
            if let work = world.rows.nextAssignment(for: poll.node, now: world.time(skew: skew)) {
                poll.reply(.work(isMalicious ? try forged(work) : work))
            } else if world.now >= poll.until {
                poll.reply(.work(nil))
            } else {
                polls.append(poll)
            }
        }
    }

    private func answerSetWaits() throws {
        let open = setWaits
        setWaits = []
        for wait in open {
            guard let number = world.rows.number(of: wait.request) else { continue }
            let row = world.rows.requests[number]
            guard let index = row.rounds.firstIndex(where: { $0.committee.round == wait.round }) else {
                wait.reply(.refused("no such round"))
                continue
            }
            if let set = row.set(of: index), index == row.rounds.count - 1 {
                wait.reply(.set(isMalicious ? forged(set) : set))
            } else if index < row.rounds.count - 1 || row.state.isFinal {
                wait.reply(.refused("the round is over"))
            } else if world.now >= wait.until {
                wait.reply(.set(nil))
            } else {
                setWaits.append(wait)
            }
        }
        if let until = setWaits.map(\.until).min() {
            later(max(1, until - world.now)) { [self] in try answerSetWaits() }
        }
    }

    private func take(_ commitment: Commitment) throws -> Message {
        let body = commitment.body
        guard let (number, round) = place(of: body.request, body.round) else { return .refused("no such round") }
        let row = world.rows.requests[number]
        let ballot = try Ballot(request: row.document, committee: row.rounds[round].committee)
        let now = world.time(skew: skew)
        do {
            try ballot.check(commitment)
        } catch let error as InvalidField {
            guard try ballot.isSignedHere(commitment),
                try world.transact({ try $0.judge(commitment, number, round, now: now) }) == .contradiction
            else { throw error }
            return answer(.contradiction)
        }
        if isMalicious, world.dice.chance(500) { return .accepted }
        return answer(
            try world.transact { rows in
                try row.state == .assigned
                    ? rows.add(commitment, number, round, now: now) : rows.judge(commitment, number, round, now: now)
            })
    }

    private func take(_ submission: VoteSubmission) throws -> Message {
        let body = submission.vote.body
        guard let (number, round) = place(of: body.request, body.round) else { return .refused("no such round") }
        let row = world.rows.requests[number]
        let rows = row.rounds[round]
        guard let set = row.set(of: round), let root = rows.setRoot else { return .refused("closed") }
        let ballot = try Ballot(request: row.document, committee: rows.committee)
        let isMutant = world.options.mutation == .uncheckedOpening
        do {
            try ballot.check(submission.vote, in: isMutant ? set.opened(by: [submission.vote]) : set, root: root)
        } catch let error as InvalidField {
            guard try ballot.isSignedHere(submission.vote) else { throw error }
            _ = try world.transact { try $0.judge(submission.vote, number, round, isMismatched: true) }
            throw error
        }
        try ballot.checkAnswer(of: submission)
        if isMalicious, world.dice.chance(500) { return .accepted }
        return answer(try world.transact { try $0.add(submission, number, round) })
    }

    private func place(of request: RequestID, _ round: Int) -> (Int, Int)? {
        guard let number = world.rows.number(of: request),
            let index = world.rows.requests[number].rounds.firstIndex(where: { $0.committee.round == round })
        else { return nil }
        return (number, index)
    }

    private func answer(_ reception: Reception) -> Message {
        switch reception {
        case .recorded, .repeated: .accepted
        case .contradiction: .refused("contradiction")
        case .closed: .refused("closed")
        }
    }

    // MARK: Malice

    /// Another committee for the same round: drawn from the ranking, or favouring whom the attacker likes.
    private func forged(_ work: Assignment) throws -> Assignment {
        guard world.dice.chance(400), let roster = world.rows.newestRoster?.signed.roster else { return work }
        world.count(.forgedWork)
        let randomness = Randomness(of: work.request, id: work.committee.request)
        let ranking = CommitteeRanking(of: roster, randomness: randomness.ranking)
        let size = work.committee.members.count
        let favourites = Set(world.dice.shuffled(ranking.members.map(\.node)).prefix(size))
        var committee = work.committee
        committee.members = ranking.choose(size: size, spareRanks: world.plan.shape.spareRanks) {
            favourites.contains($0)
        }
        return Assignment(request: work.request, committee: committee, deadline: work.deadline)
    }

    /// Another set for the same round: fewer commitments.
    private func forged(_ set: CommitmentSet) -> CommitmentSet {
        guard set.commitments.count > 1, world.dice.chance(400) else { return set }
        world.count(.forgedWork)
        var commitments = set.commitments
        commitments.remove(at: world.dice.below(commitments.count))
        return CommitmentSet(round: set.round, commitments: commitments)
    }
}
