import Cryptography

/// Why a step of a protocol could not be taken. Misbehaviour that can be pinned on a participant is not here: it is a
/// returned verdict with the culprits.
public enum ThresholdError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The threshold is below 2 or above the number of participants.
    case invalidThreshold(Int, participants: Int)
    /// Participants are not in strictly ascending order, or one appears twice.
    case notStrictlyAscending
    /// A participant that is not in the group.
    case unknownParticipant(ParticipantIdentifier)
    /// A participant whose contribution is required and absent.
    case missingParticipant(ParticipantIdentifier)
    /// Fewer participants than the threshold.
    case belowThreshold(Int, threshold: Int)
    /// The list does not hold the commitment that belongs to this participant's nonces.
    case foreignCommitment
    /// The nonces were used, or dropped, before.
    case noncesSpent
    /// The secret share does not belong to the participant's verifying share, or to this group.
    case foreignShare
    /// The verifying shares do not lie on one polynomial through the group key.
    case inconsistentKeys
    /// A sum or product is the identity element; the step has to be repeated with fresh randomness.
    case identityElement

    /// A sentence for logs.
    public var description: String {
        switch self {
        case .invalidThreshold(let threshold, let participants):
            "a threshold of \(threshold) is not possible with \(participants) participants"
        case .notStrictlyAscending: "participants are not in strictly ascending order"
        case .unknownParticipant(let identifier): "participant \(identifier) is not in the group"
        case .missingParticipant(let identifier): "participant \(identifier) is missing"
        case .belowThreshold(let count, let threshold): "\(count) participants are below the threshold of \(threshold)"
        case .foreignCommitment: "the commitment of this participant's nonces is not in the list"
        case .noncesSpent: "the nonces were used before"
        case .foreignShare: "the secret share does not belong to this participant and group"
        case .inconsistentKeys: "the verifying shares do not belong to the group key"
        case .identityElement: "a result is the identity element"
        }
    }
}

/// Group arithmetic on validated values fails in one way only: the result is neutral.
func arithmetic<T>(_ body: () throws(CryptographyError) -> T) throws(ThresholdError) -> T {
    do {
        return try body()
    } catch {
        throw .identityElement
    }
}
