import Cryptography
import DNAProtocol
import Threshold

extension Ceremony {
    /// Round one is complete: check it, then send each other signer its share.
    mutating func shareOut() throws -> [Action]? {
        guard let messages = complete(.roundOne) else { return nil }
        let packages = messages.compactMap { message -> KeyGeneration.RoundOnePackage? in
            guard case .roundOne(let package) = message.body.content else { return nil }
            return package
        }
        switch try polynomial.roundTwo(with: packages) {
        case .complaints(let complaints):
            guard let complaint = complaints.first else { return nil }
            let culprit = Int(complaint.culprit.number)
            return try accuse(culprit, Blame.Fault(complaint.fault), messages.filter { $0.body.sender == culprit })
        case .success(let round):
            phase = .collectingShares(round)
            record.roundOne = messages
            return try say(.shares(.init(roundOne: messages, sealed: sealedShares(round))))
        }
    }

    /// Checks the shares that are there; once all are, adds them up and confirms.
    mutating func addUp(_ round: KeyGeneration.RoundTwo) throws -> [Action]? {
        let messages = (received[.shares] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
        for message in messages where openedShares[CeremonyParticipant.participant(message.body.sender)] == nil {
            if let fault = try take(message, in: round) { return fault }
        }
        guard openedShares.count == me.peers.count else { return nil }
        switch try round.finish(receivedShares: openedShares) {
        case .complaints(let complaints):
            guard let complaint = complaints.first else { return nil }
            let culprit = Int(complaint.culprit.number)
            return try accuse(culprit, Blame.Fault(complaint.fault), messages.filter { $0.body.sender == culprit })
        case .success(let share):
            let outcome = try me.outcome(of: round, share)
            phase = .collectingConfirmations(outcome)
            let signature = try outcome.signed(by: me.identity)
            // The share first: whoever confirms must not be able to lose it.
            let pending = PendingShare(share: share, outcome: outcome)
            return [.storePending(pending)] + (try say(.confirmation(.init(outcome: outcome, signature: signature))))
        }
    }

    /// Opens a share; the actions that end the ceremony when it is not what it should be.
    private mutating func take(
        _ message: KeyGenerationMessage, in round: KeyGeneration.RoundTwo
    ) throws -> [Action]? {
        guard case .shares(let shares) = message.body.content else { return nil }
        let sender = message.body.sender
        if let actions = try compareRoundOne(shares.roundOne, of: message) { return actions }
        guard let share = me.open(shares, from: sender) else {
            return try accuse(sender, .unreadableShare, [message])
        }
        let participant = CeremonyParticipant.participant(sender)
        let package = round.packages.first { $0.participant == participant }
        guard package?.isValid(share: share, for: me.participant) == true else {
            return try accuse(sender, .invalidShare, record.roundOne.filter { $0.body.sender == sender } + [message])
        }
        openedShares[participant] = share
        return nil
    }

    /// Everybody must have had the same round one. If not, the two different messages convict who signed both.
    private mutating func compareRoundOne(
        _ theirs: [KeyGenerationMessage], of carrier: KeyGenerationMessage
    ) throws -> [Action]? {
        guard theirs.map(\.body.sender) == record.roundOne.map(\.body.sender) else {
            return try accuse(carrier.body.sender, .malformed, [carrier])
        }
        for (mine, copy) in zip(record.roundOne, theirs) where mine.body != copy.body {
            let author = mine.body.sender
            guard copy.step == .roundOne, me.refusal(of: copy, from: author) == nil else {
                return try accuse(carrier.body.sender, .falseEcho, [carrier])
            }
            return try accuse(author, .equivocation, [mine, copy])
        }
        return nil
    }

    /// Checks the confirmations that are there; once all are, the network has its key.
    mutating func conclude(_ outcome: KeyGenerationOutcome) throws -> [Action]? {
        let bytes = try outcome.signingBytes()
        for member in me.peers {
            guard let message = received[.confirmation]?[member.identifier],
                case .confirmation(let confirmation) = message.body.content
            else { continue }
            guard confirmation.outcome == outcome else {
                return try accuse(member.identifier, .differentOutcome, [message])
            }
            guard member.identity.verifies(confirmation.signature, of: bytes) else {
                return try accuse(member.identifier, .invalidConfirmation, [message])
            }
        }
        guard let messages = complete(.confirmation) else { return nil }
        let signatures = messages.compactMap { message -> NetworkFile.SignerSignature? in
            guard case .confirmation(let confirmation) = message.body.content else { return nil }
            return .init(signer: message.body.sender, signature: confirmation.signature)
        }
        let file = NetworkFile(genesis: me.genesis, keyGeneration: outcome, signatures: signatures)
        try file.validate()
        phase = .finished(file)
        return [.finish(file)]
    }
}

extension Blame.Fault {
    init(_ fault: KeyGeneration.Fault) {
        self =
            switch fault {
            case .wrongCommitmentCount: .wrongCommitmentCount
            case .invalidProof: .invalidProof
            case .invalidShare: .invalidShare
            }
    }
}
