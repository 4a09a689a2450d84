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
        case .weakQuorum, .unsignedVotes, .nonceReuse, .oldRoster, .uncheckedOpening: true
        case nil, .forgottenDecisions, .ignoredLease, .forgottenJournal: false
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
        case .unsignedVotes, .uncheckedOpening:
            let tally = Tally(
                policy: evidence.request.policy, committee: evidence.committee, roster: evidence.roster.roster,
                isDevelopment: false)
            guard case .agreed(let answer, _) = tally.verdict(on: evidence.votes.map(\.body)) else {
                throw InvalidField("votes", "do not satisfy the policy")
            }
            if mutation == .uncheckedOpening, try evidence.votes.contains(where: { try !$0.isSigned() }) {
                throw InvalidField("vote.signature", "does not verify")
            }
            let winners = evidence.votes.filter { $0.body.answer == answer }
            let expected = try Decision(
                winners: winners, set: try evidence.set.root(), decidedAt: decision.decidedAt)
            guard decision == expected else { throw InvalidField("decision", "is not what the votes lead to") }
        default: try DecisionCheck(genesis: town.genesis).check(decision, evidence: evidence)
        }
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
