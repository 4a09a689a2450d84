package import DNAProtocol
package import Threshold

extension Ceremony {
    /// Puts the ceremony where the stored state says it was.
    mutating func resume(_ pending: PendingShare?) throws {
        try checkRecord()
        for message in record.roundOne where message.body.sender != me.identifier {
            received[.roundOne, default: [:]][message.body.sender] = message
        }
        if let blame = record.blame {
            phase = .aborted(blame)
            return
        }
        guard case .confirmation(let confirmation) = record.message(.confirmation)?.body.content else { return }
        guard let pending else { throw foreign("holds a confirmation, and the share it speaks of is gone") }
        guard pending.outcome == confirmation.outcome else {
            throw foreign("confirms another share than the pending one")
        }
        phase = .collectingConfirmations(confirmation.outcome)
    }

    private func checkRecord() throws {
        guard record.version == 1, record.network == me.network, record.session == me.session,
            record.identifier == me.identifier
        else { throw foreign("belongs to another network or signer") }
        for message in record.messages where me.refusal(of: message, from: me.identifier) != nil {
            throw foreign("holds a message this signer did not sign")
        }
        if case .roundOne(let package) = record.message(.roundOne)?.body.content, package != polynomial.package {
            throw foreign("was not made from this ceremony seed")
        }
        for message in record.roundOne where me.refusal(of: message, from: message.body.sender) != nil {
            throw foreign("holds a message its sender did not sign")
        }
    }

    private func foreign(_ reason: String) -> SignerError { .foreignState(SignerFolder.recordName, reason: reason) }
}

/// A share that its signer has confirmed, or is about to; active once all others have confirmed theirs.
package struct PendingShare: Sendable, Hashable {
    /// The share.
    package let share: KeyShare
    /// What it belongs to.
    package let outcome: KeyGenerationOutcome

    package init(share: KeyShare, outcome: KeyGenerationOutcome) {
        self.share = share
        self.outcome = outcome
    }

    /// Compares what is public: a share is determined by its outcome and its participant.
    package static func == (left: Self, right: Self) -> Bool {
        left.outcome == right.outcome && left.share.participant == right.share.participant
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(outcome)
        hasher.combine(share.participant)
    }
}
