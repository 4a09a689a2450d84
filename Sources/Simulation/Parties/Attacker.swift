import AggregatorService
import Canonical
import Consensus
import Cryptography
import DNAProtocol
import Threshold

/// Whoever has an aggregator, the database and the liars' keys, and wants a signature that should not be.
final class Attacker: Process {
    init(_ world: World) { super.init(world, .attacker) }

    /// One attack on a request that has come far enough.
    func attack() throws {
        let rows = world.rows.requests
        guard !rows.isEmpty else { return }
        let row = rows[world.dice.below(rows.count)]
        guard !row.rounds.isEmpty, let roster = world.rows.newestRoster?.signed else { return }
        let round = row.rounds[world.dice.below(row.rounds.count)]
        world.count(.attacks)
        let kind = world.dice.below(8)
        world.note(place, "attacks", kind)
        switch kind {
        case 0: try proposeLie(row, round)
        case 1: try forgeVotes(row, round, roster)
        case 2: try gatherLiars(row, roster)
        case 3: try split(row, round)
        case 4: try revive(roster)
        case 5: try tamper(row, round)
        case 6: try inventRoster(row, roster)
        default: try replay(row, round)
        }
    }

    private var now: Timestamp { world.time() }

    private var everybody: [Int] { Array(1...world.plan.shape.signers) }

    // MARK: False decisions

    /// True evidence, another answer.
    private func proposeLie(_ row: RequestRow, _ round: RoundRow) throws {
        guard let (decision, evidence) = try agreed(row, round) else { return }
        var lie = decision
        lie.output = try world.answers(to: row.id).lie.outputID()
        sign(lie, evidence, with: everybody)
    }

    /// Votes of honest members that they never cast.
    private func forgeVotes(_ row: RequestRow, _ round: RoundRow, _ roster: SignedRoster) throws {
        guard let roster = world.rows.roster(round.committee.roster) else { return }
        try propose(row, round.committee, round.committee.members.map(\.node), roster)
    }

    /// The committee that suits the liars best, and only their votes.
    private func gatherLiars(_ row: RequestRow, _ roster: SignedRoster) throws {
        let randomness = Randomness(of: row.document, id: row.id)
        let ranking = CommitteeRanking(of: roster.roster, randomness: randomness.ranking)
        let policy = row.document.policy
        let liars = Set(world.plan.liars.keys.map { world.town.nodes[$0].node })
        let isLegal = world.dice.chance(500)
        var members = ranking.choose(size: policy.committee, spareRanks: world.plan.shape.spareRanks) {
            liars.contains($0)
        }
        if !isLegal { members = ranking.members.filter { liars.contains($0.node) } }
        guard members.contains(where: { liars.contains($0.node) }) else { return }
        let committee = Committee(
            network: world.town.network, roster: try roster.roster.rosterID(), request: row.id,
            round: 1 + world.dice.below(2), members: members)
        try propose(row, committee, members.map(\.node).filter { liars.contains($0) }, roster)
    }

    /// True evidence in which one thing is wrong: a vote under another's signature, or a decision from the future.
    private func tamper(_ row: RequestRow, _ round: RoundRow) throws {
        guard var (decision, evidence) = try agreed(row, round) else { return }
        if world.dice.chance(500) {
            decision.decidedAt = decision.decidedAt + 1_000
        } else {
            let signature = evidence.votes[world.dice.below(evidence.votes.count)].signature
            for index in evidence.votes.indices { evidence.votes[index].signature = signature }
            let winners = evidence.votes.filter { decision.voters.contains($0.body.node) }
            guard let changed = try Decision(winners: winners, set: decision.set, decidedAt: decision.decidedAt)
            else { return }
            decision = changed
        }
        sign(decision, evidence, with: everybody)
    }

    /// An epoch no administrator signed, in which only liars are left, and their committee.
    private func inventRoster(_ row: RequestRow, _ newest: SignedRoster) throws {
        let liars = Set(world.plan.liars.keys.map { world.town.nodes[$0].node })
        var roster = newest.roster
        roster.epoch += 1
        roster.previous = try newest.roster.rosterID()
        for index in roster.nodes.indices where !liars.contains(roster.nodes[index].key) {
            roster.nodes[index].status = .revoked
        }
        guard let liar = world.plan.liars.keys.min() else { return }
        let signature = try roster.signed(by: world.town.nodes[liar].key)
        let signed = SignedRoster(
            roster: roster,
            signatures: [.init(administrator: world.town.administrator.publicKey, signature: signature)])
        let ranking = CommitteeRanking(of: roster, randomness: Randomness(of: row.document, id: row.id).ranking)
        let members = ranking.choose(
            size: row.document.policy.committee, spareRanks: world.plan.shape.spareRanks
        ) { _ in true }
        guard !members.isEmpty else { return }
        let committee = Committee(
            network: world.town.network, roster: try roster.rosterID(), request: row.id, round: 1, members: members)
        try propose(row, committee, members.map(\.node), signed)
    }

    /// A decision for the lie by these voters; who is no liar does not sign, and the attacker signs in its stead.
    private func propose(
        _ row: RequestRow, _ committee: Committee, _ voters: [Ed25519.PublicKey], _ roster: SignedRoster
    ) throws {
        let answers = try world.answers(to: row.id)
        let result = Vote.Result(
            prompt: try answers.prompt.promptID(), output: answers.lie, trace: .of("lie", []))
        let randomness = Randomness(of: row.document, id: row.id)
        let salt = Digest.of("attack", [])
        var (commitments, bodies): ([Commitment], [Vote.Body]) = ([], [])
        for node in voters {
            let body = try Vote.Body(
                request: row.document, randomness: randomness, committee: committee, node: node, result: result)
            let statement = Commitment.Body(
                network: body.network, request: row.id, round: committee.round, committee: body.committee, node: node,
                opening: try Opening(vote: body, salt: salt).digest())
            commitments.append(Commitment(body: statement, signature: try statement.signed(by: key(of: node))))
            bodies.append(body)
        }
        let set = CommitmentSet(round: committee.round, commitments: commitments)
        let root = try set.root()
        let votes = try bodies.map { try Vote(body: $0, set: root, salt: salt, key: key(of: $0.node)) }
        guard let decision = try Decision(winners: votes, set: root, decidedAt: now) else { return }
        let evidence = Evidence(
            request: row.document, model: world.town.model, roster: roster, committee: committee, set: set,
            votes: votes)
        sign(decision, evidence, with: everybody)
    }

    private func key(of node: Ed25519.PublicKey) -> Ed25519.SigningKey {
        if let number = world.town.numbers[node], world.plan.liars[number] != nil {
            return world.town.nodes[number].key
        }
        return world.town.administrator
    }

    // MARK: Two decisions

    /// What a round has really led to, whether or not anybody has written it down; as it was written down, if it was.
    private func agreed(_ row: RequestRow, _ round: RoundRow) throws -> (Decision, Evidence)? {
        guard let roster = world.rows.roster(round.committee.roster),
            let set = row.set(of: round.committee.round - 1)
        else { return nil }
        let course = try RequestCourse(row.id, row.document, world.town.model, genesis: world.town.genesis)
        let tally = course.tally(of: round.committee, roster: roster.roster)
        let written = row.decision.flatMap { $0.round == round.committee.round ? $0.decidedAt : nil }
        guard case .agreed(let answer, _) = tally.verdict(on: round.votes.map(\.body)),
            let decision = try Decision(
                winners: round.votes.filter { $0.body.answer == answer }, set: try set.root(),
                decidedAt: written ?? now),
            let evidence = course.evidence(
                for: decision, committee: round.committee, set: set, votes: round.votes, roster: roster)
        else { return nil }
        return (decision, evidence)
    }

    /// Two true decisions for one request, to be signed by different signers.
    private func split(_ row: RequestRow, _ round: RoundRow) throws {
        guard let (first, evidence) = try agreed(row, round) else { return }
        var second = first
        second.decidedAt = first.decidedAt + 1
        let traitors = everybody.filter { world.plan.traitors[$0] != nil }
        let honest = world.dice.shuffled(everybody.filter { world.plan.traitors[$0] == nil })
        let half = (honest.count + 1) / 2
        sign(first, evidence, with: honest.prefix(half) + traitors)
        sign(second, evidence, with: honest.dropFirst(half) + traitors)
        // And again later, with everybody: some may have forgotten.
        later(3_000) { [self] in sign(second, evidence, with: everybody) }
    }

    /// What was voted for under an older epoch, to signers who have just heard of the newest.
    private func revive(_ newest: SignedRoster) throws {
        let newestID = try newest.roster.rosterID()
        let old = world.rows.requests.flatMap { row in
            row.rounds.filter { $0.committee.roster != newestID }.map { (row, $0) }
        }
        guard !old.isEmpty else { return }
        let (row, round) = world.dice.pick(old)
        guard let (decision, evidence) = try agreed(row, round) else { return }
        var news = evidence
        news.roster = newest
        sign(decision, news, with: everybody)
        later(1_000) { [self] in sign(decision, evidence, with: everybody) }
    }

    /// One promise of nonces, used with two lists of commitments: from two such shares its signer's key share follows.
    private func replay(_ row: RequestRow, _ round: RoundRow) throws {
        guard let (decision, evidence) = try agreed(row, round) else { return }
        let request = NonceRequest(decision: try decision.decisionID())
        var promises: [Int: [NonceReply]] = [:]
        for signer in everybody + everybody {
            call(world.signers[signer - 1], .nonceRequest(request), within: 4_500) { reply in
                if case .nonces(let promise) = reply { promises[signer, default: []].append(promise) }
            }
        }
        later(4_600) { [self] in
            let ready = world.dice.shuffled(everybody.filter { promises[$0]?.count == 2 })
            guard ready.count >= world.plan.shape.threshold else { return }
            let chosen = ready.prefix(world.plan.shape.threshold).sorted()
            for victim in chosen {
                for turn in 0...1 {
                    let list = chosen.compactMap { promises[$0]?[$0 == victim ? 0 : turn] }
                    let request = ShareRequest(decision: decision, evidence: evidence, commitments: list)
                    call(world.signers[victim - 1], .shareRequest(request), within: 5_000) { _ in }
                }
            }
        }
    }

    private func sign(_ decision: Decision, _ evidence: Evidence, with signers: some Sequence<Int>) {
        let signers = Array(signers)
        var attempt = SigningAttempt(
            publicKeys: world.town.shares[0].publicKeys, decision: decision, evidence: evidence, signers: signers)
        func follow(_ step: SigningAttempt.Step) throws {
            switch step {
            case .wait, .failed: return
            case .askForShares(let request, let chosen):
                for signer in chosen {
                    call(world.signers[signer - 1], .shareRequest(request), within: 5_000) { reply in
                        guard case .share(let share) = reply else { return }
                        try follow(try attempt.take(.success(share), from: signer))
                    }
                }
            case .signature:
                world.note(place, "has a signature")
                try world.judge.signed(decision, truth: world.answers(to: decision.request).truthID)
            }
        }
        guard let id = try? decision.decisionID() else { return }
        for signer in signers {
            call(world.signers[signer - 1], .nonceRequest(NonceRequest(decision: id)), within: 5_000) { reply in
                guard case .nonces(let promise) = reply else { return }
                try follow(try attempt.take(.success(promise), from: signer))
            }
        }
    }
}
