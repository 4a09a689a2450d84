import Canonical
import Consensus
import Cryptography
import DNAProtocol
import SignerService
import Threshold

/// A signing desk that is broken on purpose, or that of a traitor: the service's desk cannot be made to do what this does.
struct MutantDesk {
    let share: KeyShare
    let town: Town
    let mutation: Mutation?
    /// Nonces by what was promised, as the seed from which they can be drawn again.
    private var seeds: [NonceCommitment: [UInt8]] = [:]

    init(share: KeyShare, town: Town, mutation: Mutation?) {
        self.share = share
        self.town = town
        self.mutation = mutation
    }

    /// Whether the service's own desk would be too good.
    var isNeeded: Bool {
        switch mutation {
        case .weakQuorum, .uncheckedSignatures, .nonceReuse, .oldRoster, .uncheckedOpening: true
        case nil, .forgottenDecisions, .ignoredLease, .forgottenJournal, .countedContradictions: false
        }
    }

    mutating func stop() { seeds = [:] }

    mutating func promise(_ seed: [UInt8]) throws -> NonceReply {
        let fresh = try Self.nonces(seed, share)
        seeds[fresh.commitment] = seed
        return NonceReply(
            signer: Int(share.participant.number), hiding: fresh.commitment.hiding.hex,
            binding: fresh.commitment.binding.hex)
    }

    private static func nonces(_ seed: [UInt8], _ share: KeyShare) throws -> SigningNonces {
        var copy = seed
        var randomness = SeededRandomness(seed: SecretBytes(taking: &copy), context: [])
        return try SigningNonces.generate(for: share, randomness: &randomness)
    }

    /// No check at all.
    func signAnything(_ request: ShareRequest) throws -> ShareReply { try reply(to: request, try own(request)) }

    /// What the service's desk does, but for the mutation.
    mutating func sign(_ request: ShareRequest, _ disk: SignerDisk) throws -> ShareReply {
        let id = try request.decision.decisionID()
        let register = DecisionRegister(store: disk)
        let recorded = try register.decision(for: request.decision.request)
        var pin = disk.pin
        switch try pin.relation(of: request.evidence.roster, in: town.genesis) {
        case .same: break
        case .newer:
            try pin.advance(to: request.evidence.roster)
            disk.store(pin)
        case .past where recorded == id || mutation == .oldRoster: break
        case .past, .unknown: throw Refusal.rosterSuperseded
        case .contradictory: throw Refusal.rosterContradictory
        }
        do {
            try check(request.decision, request.evidence)
        } catch let error as InvalidField { throw Refusal.invalid(error) }
        let own = try own(request)
        guard try register.record(id, for: request.decision.request) == id else { throw Refusal.alreadyDecided }
        let reply = try reply(to: request, own)
        if mutation != .nonceReuse { seeds[own] = nil }
        return reply
    }

    private func check(_ decision: Decision, _ evidence: Evidence) throws {
        switch mutation {
        case .weakQuorum: try DecisionCheck.checkConsistency(of: decision, with: evidence)
        case .uncheckedSignatures, .uncheckedOpening:
            let (decision, evidence) = try mended(decision, evidence)
            try DecisionCheck(genesis: town.genesis).check(decision, evidence: evidence)
        default: try DecisionCheck(genesis: town.genesis).check(decision, evidence: evidence)
        }
    }

    /// Puts right what the mutation does not look at, with the nodes' own keys: the service's check sees all the rest.
    private func mended(_ decision: Decision, _ evidence: Evidence) throws -> (Decision, Evidence) {
        let root = try evidence.set.root()
        guard decision.set == root, evidence.votes.allSatisfy({ $0.set == root }) else {
            throw InvalidField("vote.set", "is not the round's commitment set")
        }
        var set = evidence.set
        if mutation == .uncheckedOpening {
            let areSigned = try set.commitments.allSatisfy { try $0.isSigned() }
            guard try areSigned && evidence.votes.allSatisfy({ try $0.isSigned() }) else {
                throw InvalidField("signature", "does not verify")
            }
            set = try set.opened(by: evidence.votes)
        }
        set = CommitmentSet(
            round: set.round,
            commitments: try set.commitments.map {
                Commitment(body: $0.body, signature: try $0.body.signed(by: try key(of: $0.body.node)))
            })
        var (mended, copy) = (decision, evidence)
        mended.set = try set.root()
        copy.set = set
        copy.votes = try evidence.votes.map {
            try Vote(body: $0.body, set: mended.set, salt: $0.salt, key: try key(of: $0.body.node))
        }
        func summary(of votes: [Vote]) throws -> Digest? {
            let winners = votes.filter { decision.voters.contains($0.body.node) }
            return try Decision(winners: winners, set: root, decidedAt: decision.decidedAt)?.votes
        }
        guard try summary(of: evidence.votes) == decision.votes, let votes = try summary(of: copy.votes) else {
            throw InvalidField("decision.votes", "are not the evidence's")
        }
        mended.votes = votes
        return (mended, copy)
    }

    private func key(of node: Ed25519.PublicKey) throws -> Ed25519.SigningKey {
        guard let number = town.numbers[node] else { throw InvalidField("node", "is unknown") }
        return town.nodes[number].key
    }

    private func own(_ request: ShareRequest) throws -> NonceCommitment {
        let commitments = Self.commitments(request)
        guard let own = commitments.first(where: { $0.participant == share.participant }), seeds[own] != nil else {
            throw Refusal.unknownNonces
        }
        return own
    }

    private static func commitments(_ request: ShareRequest) -> [NonceCommitment] {
        request.commitments.compactMap { reply in
            guard let participant = ParticipantIdentifier(reply.signer), let hiding = GroupElement(hex: reply.hiding),
                let binding = GroupElement(hex: reply.binding)
            else { return nil }
            return NonceCommitment(participant: participant, hiding: hiding, binding: binding)
        }
    }

    private func reply(to request: ShareRequest, _ own: NonceCommitment) throws -> ShareReply {
        guard let seed = seeds[own] else { throw Refusal.unknownNonces }
        let package = try SigningPackage(
            message: try request.decision.signingBytes(), commitments: Self.commitments(request),
            publicKeys: share.publicKeys)
        let signed = try package.sign(with: share, nonces: Self.nonces(seed, share))
        return ShareReply(signer: Int(share.participant.number), share: signed.share.hex)
    }
}

extension CommitmentSet {
    /// The set as if its nodes had committed to these votes; unsigned.
    func opened(by votes: [Vote]) throws -> CommitmentSet {
        let commitments = try commitments.map { commitment in
            guard let vote = votes.first(where: { $0.body.node == commitment.body.node }) else { return commitment }
            var body = commitment.body
            body.opening = try Opening(vote: vote.body, salt: vote.salt).digest()
            return Commitment(body: body, signature: commitment.signature)
        }
        return CommitmentSet(round: round, commitments: commitments)
    }
}
