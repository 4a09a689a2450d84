import AggregatorService
import Consensus
import Cryptography
import DNAProtocol
import Threshold

/// A request in the hands of one replica, in one of its lives.
final class Held {
    let claim: Claim
    unowned let replica: SimulatedReplica
    var course: RequestCourse?
    var selection: SignerSelection
    var attempt: SigningAttempt?
    var attempts = 0
    var pauses = 0
    var isPausing = false
    /// Whether a replica in the attacker's hands leaves the votes undecided, for later.
    let isSatOn: Bool

    init(_ claim: Claim, _ replica: SimulatedReplica) {
        self.claim = claim
        self.replica = replica
        isSatOn = replica.isMalicious && replica.world.dice.chance(400)
        let signers = replica.world.signers
        selection = SignerSelection(
            signers: signers.map(\.identifier), threshold: replica.world.plan.shape.threshold)
    }
}

/// A decision with what its certificate needs.
private struct Signing {
    let decision: Decision
    let evidence: Evidence
    let prompt: Prompt
    let output: Output
}

/// What to do once a step's transaction has committed; `RequestDriver`'s.
private enum NextMove {
    case wait(until: Timestamp)
    case sign(Signing)
    case end
}

extension SimulatedReplica {
    /// Takes a request's next step, if it is not waiting for signers.
    func drive(_ held: Held) throws {
        guard isDriving(held), held.attempt == nil, !held.isPausing else { return }
        if held.isSatOn, isMalicious, world.rows.requests[held.claim.request].state == .voting { return }
        do {
            switch try world.transact({ try self.step(held, &$0) }) {
            case .wait(let moment):
                held.pauses = 0
                later(world.delay(until: moment, skew: skew)) { [self] in try drive(held) }
            case .sign(let signing): try sign(signing, held)
            case .end: self.held.removeAll { $0 === held }
            }
            try mayCrash()
        } catch is DatabaseUnavailable {
            pause(held)
        } catch is LeaseLost {
            world.count(.lostLeases)
            world.note(place, "has lost its lease", held.claim.request, held.claim.epoch)
            self.held.removeAll { $0 === held }
        }
    }

    private func isDriving(_ held: Held) -> Bool { self.held.contains { $0 === held } }

    private func pause(_ held: Held, longest: Int = 2_000, first: Int = 50) {
        held.isPausing = true
        let pause = Int64(min(longest, first << min(held.pauses, 6)))
        held.pauses += 1
        later(pause) { [self] in
            held.isPausing = false
            try drive(held)
        }
    }

    /// As `AggregatorStore.withLease` and `RequestStep` do it.
    private func step(_ held: Held, _ rows: inout Rows) throws -> NextMove {
        let number = held.claim.request
        guard rows.holds(held.claim) || world.options.mutation == .ignoredLease else { throw LeaseLost() }
        let row = rows.requests[number]
        let course =
            try held.course ?? RequestCourse(row.id, row.document, world.town.model, genesis: world.town.genesis)
        held.course = course
        guard let newest = rows.newestRoster else { return .end }
        let now = world.time(skew: skew)
        let end = World.epoch + row.expiresAt / 1_000
        let latest = row.rounds.isEmpty ? nil : progress(of: row, course, rows, newest.signed.roster, newest.id)
        let epochs = [newest.id, newest.signed.roster.previous].compactMap(\.self)
        switch course.move(row.state, latest: latest, epochs: epochs, end: end, now: now) {
        case .wait(let moment): return .wait(until: moment)
        case .openRound(let size): return try openRound(size, course, number, &rows, now, end)
        case .closeSet(let set):
            let deadline = now + world.plan.timeouts.vote
            try rows.closeSet(root: try set.root(), deadline: deadline, number)
            world.note(place, "closes a set", number, set.commitments.count)
            return .wait(until: min(deadline, end))
        case .decide(let winners): return try decide(winners, course, number, &rows, now)
        case .sign: return .sign(try signing(row, course, rows))
        case .fail(let reason): return try fail(reason, number, &rows)
        case .expire:
            try rows.end(.expired, reason: nil, number)
            world.note(place, "lets it expire", number)
            return .end
        case .end: return .end
        }
    }

    private func progress(
        of row: RequestRow, _ course: RequestCourse, _ rows: Rows, _ newest: Roster, _ newestID: RosterID
    ) -> RoundProgress? {
        let index = row.rounds.count - 1
        let round = row.rounds[index]
        guard let roster = rows.roster(round.committee.roster)?.roster else { return nil }
        var tally = course.tally(of: round.committee, roster: roster)
        if world.options.mutation == .weakQuorum {
            var policy = world.plan.shape.policy
            (policy.rule, policy.quorum) = (.quorum, 1)
            tally = Tally(policy: policy, committee: round.committee, roster: roster, isDevelopment: true)
        }
        let isCurrent = newestID == round.committee.roster
        var progress = RoundProgress(
            committee: round.committee, tally: tally, commitments: row.commitments(in: index),
            commitDeadline: round.commitDeadline, set: row.set(of: index), voteDeadline: round.voteDeadline,
            votes: round.votes, succession: isCurrent ? nil : RosterSuccession(from: roster, to: newest))
        progress.contradicted = known(row)
        return progress
    }

    /// The nodes that contradicted themselves, as this replica takes it.
    private func known(_ row: RequestRow) -> Set<Ed25519.PublicKey> {
        world.options.mutation == .countedContradictions ? [] : row.contradicted
    }

    private func openRound(
        _ size: Int, _ course: RequestCourse, _ number: Int, _ rows: inout Rows, _ now: Timestamp, _ end: Timestamp
    ) throws -> NextMove {
        let row = rows.requests[number]
        if row.state == .accepted { try rows.seed(course.randomness.seed, number) }
        guard let newest = rows.newestRoster else { return .end }
        let available = rows.nodes(heardWithin: 15_000, at: world.now)
        let opening = try course.opening(
            size: size, after: row.rounds.last?.committee, reopening: ![.accepted, .seeded].contains(row.state),
            roster: newest.signed
        ) { available.contains($0) }
        switch opening {
        case .fail(let reason): return try fail(reason, number, &rows)
        case .committee(let committee):
            let deadline = now + world.plan.timeouts.commit
            try rows.openRound(committee, deadline: deadline, number)
            world.count(.rounds)
            if let last = row.rounds.last, last.committee.members.count < committee.members.count {
                world.count(.enlarged)
            }
            world.note(place, "opens a round", number, committee.round)
            return .wait(until: min(deadline, end))
        }
    }

    private func fail(_ reason: FailureReason, _ number: Int, _ rows: inout Rows) throws -> NextMove {
        try rows.end(.failed, reason: reason.rawValue, number)
        world.note(place, "lets it fail", number, FailureReason.allCases.firstIndex(of: reason) ?? -1)
        return .end
    }

    // MARK: Decisions

    private func decide(
        _ winners: [Vote], _ course: RequestCourse, _ number: Int, _ rows: inout Rows, _ now: Timestamp
    ) throws -> NextMove {
        guard let root = rows.requests[number].rounds.last?.setRoot,
            let decision = try Decision(winners: winners, set: root, decidedAt: now)
        else { throw InvalidField("votes", "lead to no decision") }
        var row = rows.requests[number]
        row.decision = decision
        let signing = try signing(row, course, rows)
        let isChecked = ![.weakQuorum, .uncheckedOpening].contains(world.options.mutation)
        if isChecked {
            try DecisionCheck(genesis: world.town.genesis).check(decision, evidence: signing.evidence)
        }
        world.judge.decided(signing.evidence, contradicted: row.contradicted)
        try rows.decide(decision, number)
        world.note(place, "decides", number, decision.round)
        return .sign(signing)
    }

    private func signing(_ row: RequestRow, _ course: RequestCourse, _ rows: Rows) throws -> Signing {
        guard let decision = row.decision,
            let index = row.rounds.firstIndex(where: { $0.committee.round == decision.round }),
            let set = row.set(of: index), let roster = rows.roster(row.rounds[index].committee.roster),
            let answer = row.outputs[decision.output],
            let evidence = course.evidence(
                for: decision, committee: row.rounds[index].committee, set: set, votes: row.rounds[index].votes,
                contradicted: known(row), roster: roster)
        else { throw InvalidField("decision", "has no evidence") }
        return Signing(decision: decision, evidence: evidence, prompt: answer.prompt, output: answer.output)
    }

    // MARK: Signatures

    private func sign(_ signing: Signing, _ held: Held) throws {
        let asked = held.selection.asked
        held.attempts += 1
        let number = held.attempts
        held.attempt = SigningAttempt(
            publicKeys: world.town.shares[0].publicKeys, decision: signing.decision, evidence: signing.evidence,
            signers: asked)
        let request = NonceRequest(decision: try signing.decision.decisionID())
        for signer in asked {
            call(world.signers[signer - 1], .nonceRequest(request), within: 5_000) { [self] reply in
                guard isDriving(held), held.attempts == number else { return }
                let answer: Result<NonceReply, SignerFault> =
                    if case .nonces(let reply) = reply { .success(reply) } else { .failure(fault(signer, reply)) }
                guard let step = try held.attempt?.take(answer, from: signer) else { return }
                try follow(step, signing, held)
            }
        }
    }

    private func follow(_ step: SigningAttempt.Step, _ signing: Signing, _ held: Held) throws {
        let number = held.attempts
        switch step {
        case .wait: return
        case .askForShares(let request, let chosen):
            for signer in chosen {
                call(world.signers[signer - 1], .shareRequest(request), within: 5_000) { [self] reply in
                    guard isDriving(held), held.attempts == number else { return }
                    let answer: Result<ShareReply, SignerFault> =
                        if case .share(let reply) = reply { .success(reply) } else { .failure(fault(signer, reply)) }
                    guard let step = try held.attempt?.take(answer, from: signer) else { return }
                    try follow(step, signing, held)
                }
            }
        case .signature(let signature): try certify(signature, signing, held)
        case .failed(let faults):
            held.attempt = nil
            held.attempts += 1
            world.count(.badShares, faults.count { $0.reason == "bad signature share" })
            // Longer than the service's, because every attempt costs the simulation real signatures.
            if held.selection.leaveOut(faults) { try drive(held) } else { pause(held, longest: 8_000, first: 500) }
        }
    }

    private func fault(_ signer: Int, _ reply: Message?) -> SignerFault {
        if case .refused(let reason) = reply { return SignerFault(signer: signer, reason: reason) }
        return SignerFault(signer: signer, reason: "no answer")
    }

    private func certify(_ signature: Ed25519.Signature, _ signing: Signing, _ held: Held) throws {
        held.attempt = nil
        held.attempts += 1
        try world.judge.signed(signing.decision, truth: world.answers(to: signing.decision.request).truthID)
        try mayCrash()
        let certificate = Certificate(
            decision: signing.decision, groupKey: world.town.file.groupKey, signature: signature)
        let bundle = Bundle(
            certificate: certificate, evidence: signing.evidence, prompt: signing.prompt, output: signing.output)
        do {
            try world.transact { rows in
                guard rows.holds(held.claim) || world.options.mutation == .ignoredLease else { throw LeaseLost() }
                try rows.certify(bundle, held.claim.request)
            }
            world.note(place, "certifies", held.claim.request)
            self.held.removeAll { $0 === held }
        } catch is DatabaseUnavailable {
            pause(held)
        } catch is LeaseLost {
            world.count(.lostLeases)
            self.held.removeAll { $0 === held }
        }
    }
}
