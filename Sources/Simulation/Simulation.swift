import Consensus
import Cryptography
import DNAProtocol

/// One run of a whole network, drawn from one seed: the same seed and options, the same run.
package struct Simulation: Sendable {
    /// The seed.
    package let seed: UInt64
    /// What was broken; empty when every promise was kept.
    package let violations: [Violation]
    /// How often what happened.
    package let counters: [Counter: Int]
    /// Everything that happened.
    package let log: EventLog

    /// Runs it to its end, or to the first broken promise.
    ///
    /// - Parameter isRehearsed: whether public results are remembered and secrets are kept in ordinary memory, which makes
    ///   no difference to what happens but is several times faster.
    package init(seed: UInt64, options: Options = Options(), isRehearsed: Bool = true) throws {
        func run() throws -> World {
            let world = try World(seed, options)
            world.prepare()
            world.run(until: world.end)
            world.conclude()
            return world
        }
        let world = isRehearsed ? try Rehearsal().run(run) : try run()
        self.seed = seed
        violations = world.judge.violations
        counters = world.counters
        log = world.log
    }
}

extension World {
    /// Long after everything healed.
    var end: Int64 { plan.healing + 25_000 + 2 * plan.timeouts.lifetime + 15_000 }

    /// Plans everything that does not follow from something else.
    func prepare() {
        for process in workers as [Process] + replicas { process.start() }
        for (index, moment) in plan.requests.enumerated() { after(moment) { [self] in try ask(index, 0) } }
        for (moment, node) in plan.revocations { after(moment) { [self] in try revoke(node) } }
        for window in plan.partitions { separate(window) }
        for window in plan.outages {
            after(window.from) { [self] in
                isOutage = true
                note(.database, "goes down")
                count(.outages)
            }
            after(window.until) { [self] in
                isOutage = false
                note(.database, "is back")
                resynchronise()
            }
        }
        if plan.crash > 0 {
            let processes = workers as [Process] + replicas + signers
            for _ in 0..<dice.below(6) {
                let process = dice.pick(processes)
                after(Int64(dice.below(Int(plan.healing)))) { process.kill() }
            }
        }
        if attacker != nil { after(3_000) { [self] in try attackAgain() } }
        after(plan.healing) { [self] in
            separated = []
            isOutage = false
            note(.client, "sees everything heal")
            resynchronise()
        }
        // By then whoever waited for an answer that was lost has stopped waiting.
        after(plan.healing + 20_000) { [self] in
            for index in plan.requests.indices where index < rows.requests.count && rows.requests[index].state.isFinal {
                if rows.requests[index].bundle == nil { try askAgain(index) }
            }
            try askLast()
        }
    }

    /// The question that must be answered, once the nodes have nothing else to do: they answer one after another.
    private func askLast() throws {
        guard rows.requests.allSatisfy(\.state.isFinal) else { return after(500) { [self] in try askLast() } }
        try ask(plan.requests.count, 0)
    }

    private func ask(_ index: Int, _ attempt: Int) throws {
        let request = attempt == 0 ? try ask(index) : nil
        try accept(request ?? asked[index], index)
    }

    private func askAgain(_ index: Int) throws {
        count(.askedAgain)
        try accept(rows.requests[index].document, index)
    }

    private func accept(_ request: Request, _ index: Int) throws {
        do {
            try transact { try $0.accept(request, at: now, lifetime: plan.timeouts.lifetime) }
            note(.client, "asks", index)
            count(.requests)
        } catch is DatabaseUnavailable {
            after(500) { [self] in try accept(request, index) }
        }
    }

    private func revoke(_ node: Int) throws {
        guard let newest = rows.newestRoster?.signed.roster else { return }
        let all = revoked.union([node])
        guard options.premise == .lyingQuorum || Premise.holds(plan.shape, liars: Set(plan.liars.keys), revoked: all),
            all.count < town.nodes.count
        else { return }
        let roster = try town.roster(after: newest, revoking: all)
        do {
            try transact { try $0.add(roster) }
        } catch is DatabaseUnavailable {
            // Published or not: the administrators look again.
            return after(500) { [self] in if rows.newestRoster?.signed.roster.epoch == newest.epoch { try revoke(node) }
            }
        }
        revoked = all
        note(.administrator, "revokes", node)
        count(.revocations)
    }

    private func separate(_ window: (from: Int64, until: Int64)) {
        after(window.from) { [self] in
            let places = (workers as [Process] + replicas + signers).map(\.place)
            separated = Set(places.filter { _ in dice.chance(350) })
            note(.client, "sees a partition", separated.count)
            count(.partitions)
        }
        after(window.until) { [self] in separated = [] }
    }

    private func attackAgain() throws {
        guard isFaulty else { return }
        try attacker?.attack()
        after(Int64(dice.number(500...3_000))) { [self] in try attackAgain() }
    }

    /// What must hold in the end.
    func conclude() {
        guard judge.violations.isEmpty else { return }
        guarding {
            for (index, row) in rows.requests.enumerated() {
                if let counter = Self.outcome(row) { count(counter) }
                guard row.state.isFinal else {
                    judge.report(.unended, "request \(index) is \(row.state.rawValue)")
                    continue
                }
                if let bundle = row.bundle { try verify(bundle, index) }
            }
            // The last request was asked of a network without faults.
            guard let last = rows.requests.last, last.bundle == nil else { return count(.answeredAfterHealing) }
            if try hadHonestQuorum(last) { judge.report(.unanswered, "request \(rows.requests.count - 1)") }
        }
    }

    private func verify(_ bundle: Bundle, _ index: Int) throws {
        let verification = Verification(of: bundle, networkFile: town.file)
        for check in verification.checks {
            if let failure = check.failure { judge.report(.unverifiable, "\(check.name): \(failure)") }
        }
        let decision = bundle.certificate.decision
        if try decision.output != answers(to: decision.request).truthID {
            judge.report(.falseCertificate, "request \(index)")
        }
    }

    /// Whether those who are honest could have decided in one of the request's rounds, and enough signers could sign.
    private func hadHonestQuorum(_ row: RequestRow) throws -> Bool {
        guard plan.shape.signers - plan.traitors.count >= plan.shape.threshold else { return false }
        let course = try RequestCourse(row.id, row.document, town.model, genesis: town.genesis)
        let liars = Set(plan.liars.keys.map { town.nodes[$0].node })
        return row.rounds.contains { round in
            guard let roster = rows.roster(round.committee.roster)?.roster else { return false }
            let honest = round.committee.members.map(\.node).filter { !liars.contains($0) }
            return course.tally(of: round.committee, roster: roster).canDecide(honest)
        }
    }

    private static func outcome(_ row: RequestRow) -> Counter? {
        switch row.state {
        case .certified: .certificates
        case .expired: .expired
        case .failed:
            switch row.reason.flatMap({ FailureReason(rawValue: $0) }) {
            case .tooFewNodes: .tooFewNodes
            case .noQuorum: .noQuorum
            case .signingFailed: .signingFailed
            case .invalidRequest, nil: nil
            }
        default: nil
        }
    }
}
