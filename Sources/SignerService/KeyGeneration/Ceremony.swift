package import Cryptography
package import DNAProtocol
package import Threshold

/// One signer's key generation as a value: messages go in, actions come out.
///
/// Three steps, each one signed message: round one (commitments), shares, confirmation. No dealer, and nothing is
/// believed of a carrier. What a crash may not lose is in the seed, the record and the pending share; whatever the
/// actions of a step were, they are stored before they are published, in the order in which they are listed. A signer
/// that comes back repeats its messages byte for byte.
///
/// It guarantees that a finished ceremony has one outcome, which all n signers signed, and that a signer whose own
/// signature proves its fault is named. It does not guarantee that the ceremony ends: a silent signer holds it up.
package struct Ceremony: Sendable {
    /// What has to be done, in order.
    package enum Action: Hashable, Sendable {
        /// Make the record durable.
        case store(CeremonyRecord)
        /// Make the pending share durable, sealed.
        case storePending(PendingShare)
        /// Let the others see this message.
        case publish(KeyGenerationMessage)
        /// The pending share is the network's now: store the network file, then activate the share.
        case finish(NetworkFile)
        /// The ceremony is over without a key.
        case abort(Blame)
    }

    /// What became of a message.
    package enum Receipt: Hashable, Sendable {
        /// It was taken in, or was known already.
        case accepted([Action])
        /// It is not the sender's message, for this reason. Whoever carried it may be to blame, so the ceremony goes on.
        case refused(String)
    }

    /// Where the ceremony stands.
    package enum Phase: Sendable {
        /// Round-one messages are missing.
        case collectingRoundOne
        /// Everyone's commitments are known, shares are missing.
        case collectingShares(KeyGeneration.RoundTwo)
        /// This signer holds its pending share; confirmations are missing.
        case collectingConfirmations(KeyGenerationOutcome)
        /// All signers confirmed.
        case finished(NetworkFile)
        /// Somebody broke the rules.
        case aborted(Blame)
    }

    package let me: CeremonyParticipant
    package internal(set) var phase = Phase.collectingRoundOne
    package internal(set) var record: CeremonyRecord
    private let seed: SecretBytes
    let polynomial: KeyGeneration.RoundOne
    /// Others' messages by step and sender.
    var received: [KeyGenerationMessage.Step: [Int: KeyGenerationMessage]] = [:]
    /// Opened shares that lie on their senders' polynomials.
    var openedShares: [ParticipantIdentifier: SecretBytes] = [:]

    /// Begins, or goes on from what was stored. Throws ``SignerError/foreignState(_:reason:)`` when the parts of the
    /// state do not belong together.
    package init(
        _ participant: CeremonyParticipant, seed: SecretBytes, record: CeremonyRecord? = nil,
        pending: PendingShare? = nil
    ) throws {
        me = participant
        self.seed = seed
        self.record =
            record
            ?? CeremonyRecord(
                network: participant.network, session: participant.session, identifier: participant.identifier)
        polynomial = try KeyGeneration.RoundOne(
            ceremony: participant.ceremony, participant: participant.participant, seed: seed)
        try resume(pending)
    }

    /// What has to be done first: the messages of this signer's earlier life, then the next step.
    package mutating func start() throws -> [Action] {
        var actions = record.messages.map(Action.publish)
        if let blame = record.blame { return actions + [.abort(blame)] }
        if record.messages.isEmpty { actions += try say(.roundOne(polynomial.package)) }
        return actions + (try advance())
    }

    /// The step whose message of `peer` is wanted next; nil when nothing is.
    package func awaitedStep(of peer: Int) -> KeyGenerationMessage.Step? {
        let first: KeyGenerationMessage.Step
        switch phase {
        case .collectingRoundOne: first = .roundOne
        case .collectingShares: first = .shares
        case .collectingConfirmations: first = .confirmation
        case .finished, .aborted: return nil
        }
        return KeyGenerationMessage.Step.allCases.first { $0 >= first && received[$0]?[peer] == nil }
    }

    /// Whether the next step of this signer needs a message of `peer` that is not there.
    package func isWaiting(for peer: Int) -> Bool {
        switch phase {
        case .collectingRoundOne: received[.roundOne]?[peer] == nil
        case .collectingShares: received[.shares]?[peer] == nil
        case .collectingConfirmations: received[.confirmation]?[peer] == nil
        case .finished, .aborted: false
        }
    }

    /// Takes in a message that was fetched from `sender`.
    package mutating func receive(_ message: KeyGenerationMessage, from sender: Int) throws -> Receipt {
        if let refusal = me.refusal(of: message, from: sender) { return .refused(refusal) }
        guard sender != me.identifier else { return .refused("names this signer as its sender") }
        switch phase {
        case .finished, .aborted: return .accepted([])
        default: break
        }
        if case .accusation(let blame) = message.body.content {
            guard blame.accuser == sender else { return .accepted(try accuse(sender, .malformed, [message])) }
            // Too late to take part in its quarrel: this signer has given its word, and others may hold all n of them.
            if case .collectingConfirmations = phase { return .refused("ended the ceremony: \(blame)") }
            return .accepted(abort(blame))
        }
        guard let step = message.step else { return .accepted([]) }
        if let known = received[step]?[sender] {
            guard known.body != message.body else { return .accepted([]) }
            return .accepted(try accuse(sender, .equivocation, [known, message]))
        }
        if case .roundOne(let package) = message.body.content,
            package.participant != CeremonyParticipant.participant(sender)
        {
            return .accepted(try accuse(sender, .malformed, [message]))
        }
        received[step, default: [:]][sender] = message
        return .accepted(try advance())
    }

    /// Takes every step that has become possible.
    mutating func advance() throws -> [Action] {
        var actions: [Action] = []
        while let next = try step() { actions += next }
        return actions
    }

    /// The next step's actions; nil when something is missing.
    private mutating func step() throws -> [Action]? {
        switch phase {
        case .collectingRoundOne: try shareOut()
        case .collectingShares(let round): try addUp(round)
        case .collectingConfirmations(let outcome): try conclude(outcome)
        case .finished, .aborted: nil
        }
    }

    /// Records and publishes a message of this signer, unless it was made in an earlier life.
    mutating func say(_ content: KeyGenerationMessage.Content) throws -> [Action] {
        let message = try me.message(content)
        guard !record.messages.contains(message) else { return [] }
        record.messages.append(message)
        return [.store(record), .publish(message)]
    }

    /// Everyone's message for `step`, this signer's included, by ascending sender; nil while some are missing.
    func complete(_ step: KeyGenerationMessage.Step) -> [KeyGenerationMessage]? {
        var messages = received[step] ?? [:]
        messages[me.identifier] = record.message(step)
        guard messages.count == me.genesis.signers.members.count else { return nil }
        return messages.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Ends the ceremony, and tells the others why.
    mutating func accuse(
        _ culprit: Int, _ fault: Blame.Fault, _ evidence: [KeyGenerationMessage]
    ) throws -> [Action] {
        let blame = Blame(accuser: me.identifier, culprit: culprit, fault: fault, evidence: evidence)
        record.blame = blame
        phase = .aborted(blame)
        return try say(.accusation(blame)) + [.abort(blame)]
    }

    /// Ends the ceremony because another signer did.
    private mutating func abort(_ blame: Blame) -> [Action] {
        record.blame = blame
        phase = .aborted(blame)
        return [.store(record), .abort(blame)]
    }

    func sealedShares(_ round: KeyGeneration.RoundTwo) throws -> [KeyGenerationMessage.SealedShare] {
        try me.seal(round, seed: seed)
    }
}
