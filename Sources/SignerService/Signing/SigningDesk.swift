import Canonical
import Consensus
import Cryptography
package import DNAProtocol
import Synchronization
package import Threshold

/// Where decisions are checked and signed: the share, the nonces, the pinned roster and the register.
///
/// The order is the point. A decision is checked whole, then recorded durably, and only then are the nonces taken, and
/// a share computed from them. A crash between any two steps costs a retry.
package final class SigningDesk: Sendable {
    /// How far `decided_at` may be ahead of this signer's clock, in seconds.
    package static let decisionTolerance: Int64 = 120
    /// How old a decision may be that is not on record, in seconds: long, because a decision that was written down while
    /// too few signers were up must still be signed after the outage; not endless, so that nobody presents as new what
    /// was left unsigned long ago.
    package static let decisionLifetime: Int64 = 24 * 60 * 60

    /// This signer.
    package let identifier: Int
    private let share: KeyShare
    private let genesis: Genesis
    private let check: DecisionCheck
    private let register: DecisionRegister
    private let drawNonces: @Sendable (KeyShare) throws -> SigningNonces
    private let storeRoster: @Sendable (RosterPin) throws -> Void
    private let pin: Mutex<RosterPin>
    private let nonces: Mutex<NonceTable>

    /// Opens the desk.
    ///
    /// - Parameters:
    ///   - drawNonces: draws fresh nonces, from the system's randomness unless stated.
    ///   - storeRoster: makes what is pinned durable, before it is used.
    package init(
        share: KeyShare, genesis: Genesis, pin: RosterPin, register: DecisionRegister,
        nonces: consuming NonceTable = NonceTable(),
        drawNonces: @escaping @Sendable (KeyShare) throws -> SigningNonces = SigningDesk.drawNonces,
        storeRoster: @escaping @Sendable (RosterPin) throws -> Void
    ) throws {
        identifier = Int(share.participant.number)
        self.share = share
        self.genesis = genesis
        check = try DecisionCheck(genesis: genesis)
        self.register = register
        self.drawNonces = drawNonces
        self.storeRoster = storeRoster
        self.pin = Mutex(pin)
        self.nonces = Mutex(nonces)
    }

    /// Nonces from the system's randomness.
    package static func drawNonces(for share: KeyShare) throws -> SigningNonces {
        var randomness = SystemRandomness()
        return try SigningNonces.generate(for: share, randomness: &randomness)
    }

    /// The newest roster epoch this signer has seen.
    package var rosterEpoch: Int { pin.withLock { $0.current.roster.epoch } }

    /// How many nonces are promised.
    package var promisedNonces: Int { nonces.withLock { $0.count } }

    /// Takes an epoch from whoever brings it, for its administrators' signatures vouch for it, and says which is the newest
    /// now, and which it missed. One that is known says at most which came before it. Throws a ``Refusal`` for one that
    /// contradicts, or is older and unknown.
    package func take(_ roster: SignedRoster) throws -> PinnedRoster {
        let isPast = try checkRoster(roster, isRecorded: false) != nil
        return try pin.withLock { pin in
            var next = pin
            if isPast, next.learn(from: roster.roster) {
                try storeRoster(next)
                pin = next
            }
            return PinnedRoster(
                signer: identifier, roster: pin.id, epoch: pin.current.roster.epoch, missing: pin.missing)
        }
    }

    /// Round one: promises nonces for one decision.
    package func promise(_ request: NonceRequest, at now: ContinuousClock.Instant) throws -> NonceReply {
        let fresh = try drawNonces(share)
        nonces.withLock { $0.insert(fresh, for: request.decision, at: now) }
        return NonceReply(
            signer: identifier, hiding: fresh.commitment.hiding.hex, binding: fresh.commitment.binding.hex)
    }

    /// Round two: checks everything again, and signs. Throws a ``Refusal``; any other error is this signer's own.
    package func sign(
        _ request: ShareRequest, at now: ContinuousClock.Instant, clock: Timestamp
    ) throws -> ShareReply {
        let (decision, evidence) = (request.decision, request.evidence)
        let id = try refusing { try decision.decisionID() }
        let recorded = try register.decision(for: decision.request)
        let newest = try checkRoster(evidence.roster, isRecorded: recorded == id)
        try refusing { try check.check(decision, evidence: evidence) }
        if recorded != id {
            try checkVoters(of: decision, evidence, newest)
            try checkTime(of: decision, clock)
        }
        let commitments = try commitments(of: request)
        guard let own = commitments.first(where: { $0.participant == share.participant }),
            nonces.withLock({ $0.holds(own, for: id, at: now) })
        else { throw Refusal.unknownNonces }
        let package = try package(decision, commitments)
        guard try register.record(id, for: decision.request) == id else { throw Refusal.alreadyDecided }
        guard let taken = nonces.withLock({ $0.take(own, for: id, at: now) }) else { throw Refusal.unknownNonces }
        return ShareReply(signer: identifier, share: try package.sign(with: share, nonces: taken).share.hex)
    }

    /// The newest epoch, when the roster is of an older one. A decision on record was checked against the roster of its
    /// time; later epochs don't take it back.
    private func checkRoster(_ roster: SignedRoster, isRecorded: Bool) throws -> Roster? {
        try pin.withLock { pin in
            switch try refusing({ try pin.relation(of: roster, in: genesis) }) {
            case .same: return nil
            case .newer:
                var next = pin
                try next.advance(to: roster)
                try storeRoster(next)
                pin = next
                return nil
            case .past where isRecorded, .unknown where isRecorded: return nil
            case .past: return pin.current.roster
            case .unknown: throw Refusal.rosterSuperseded
            case .contradictory: throw Refusal.rosterContradictory
            }
        }
    }

    /// A decision of an epoch that is over counts as long as the newest has changed nothing about those who made it.
    private func checkVoters(of decision: Decision, _ evidence: Evidence, _ newest: Roster?) throws {
        guard let newest else { return }
        let succession = RosterSuccession(from: evidence.roster.roster, to: newest)
        switch succession.obstacle(to: decision.voters, of: evidence.committee) {
        case nil: return
        case .node: throw Refusal.voterRevoked
        case .weights: throw Refusal.rosterSuperseded
        }
    }

    private func checkTime(of decision: Decision, _ clock: Timestamp) throws {
        let age = clock.seconds - decision.decidedAt.seconds
        guard (-Self.decisionTolerance...Self.decisionLifetime).contains(age) else { throw Refusal.staleDecision }
    }

    private func commitments(of request: ShareRequest) throws -> [NonceCommitment] {
        // Before any point is decoded, which is dear.
        guard request.commitments.count <= genesis.signers.members.count else {
            throw Refusal.invalid(InvalidField("commitments", "are more than signers"))
        }
        return try request.commitments.enumerated().map { index, reply in
            let field = "commitments[\(index)]"
            guard let participant = ParticipantIdentifier(reply.signer) else {
                throw Refusal.invalid(InvalidField("\(field).signer", "is not a signer's identifier"))
            }
            guard let hiding = GroupElement(hex: reply.hiding) else {
                throw Refusal.invalid(InvalidField("\(field).hiding", "is not a group element"))
            }
            guard let binding = GroupElement(hex: reply.binding) else {
                throw Refusal.invalid(InvalidField("\(field).binding", "is not a group element"))
            }
            return NonceCommitment(participant: participant, hiding: hiding, binding: binding)
        }
    }

    private func package(_ decision: Decision, _ commitments: [NonceCommitment]) throws -> SigningPackage {
        let message = try decision.signingBytes()
        do throws(ThresholdError) {
            return try SigningPackage(message: message, commitments: commitments, publicKeys: share.publicKeys)
        } catch {
            throw Refusal.invalid(InvalidField("commitments", "\(error)"))
        }
    }
}

/// A rule that is broken is the asker's fault, and so is a number that canonical JSON cannot carry.
private func refusing<T>(_ body: () throws -> T) throws -> T {
    do {
        return try body()
    } catch let error as InvalidField {
        throw Refusal.invalid(error)
    } catch let error as JSONEncodingFailure {
        throw Refusal.invalid(InvalidField("decision", "\(error)"))
    }
}
