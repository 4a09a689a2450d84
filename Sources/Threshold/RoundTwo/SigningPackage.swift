package import Cryptography

/// A message with the commitments of those who sign it, and what follows from them: the same for every participant and
/// for the coordinator, each of which computes it for itself.
public struct SigningPackage: Sendable {
    /// The message.
    public let message: [UInt8]
    /// The commitments by participant, ascending.
    public let commitments: [NonceCommitment]
    /// The group.
    public let publicKeys: PublicKeyPackage

    let participants: [ParticipantIdentifier]
    /// ρ_i by position in ``commitments``.
    package let bindingFactors: [Scalar]
    /// R.
    let groupCommitment: GroupElement
    /// c.
    let challenge: Scalar

    /// Throws when the commitments are not strictly ascending, fewer than the threshold, or not all of this group:
    /// ``ThresholdError/notStrictlyAscending``, ``ThresholdError/belowThreshold(_:threshold:)``,
    /// ``ThresholdError/unknownParticipant(_:)``, ``ThresholdError/identityElement``.
    public init(
        message: [UInt8], commitments: [NonceCommitment], publicKeys: PublicKeyPackage
    ) throws(ThresholdError) {
        participants = commitments.map(\.participant)
        try participants.requireStrictlyAscending()
        guard participants.count >= publicKeys.threshold else {
            throw .belowThreshold(participants.count, threshold: publicKeys.threshold)
        }
        if let stranger = participants.first(where: { publicKeys.verifyingShares[$0] == nil }) {
            throw .unknownParticipant(stranger)
        }
        self.message = message
        self.commitments = commitments
        self.publicKeys = publicKeys
        bindingFactors = Self.bindingFactors(message: message, commitments: commitments, groupKey: publicKeys.groupKey)
        groupCommitment = try Self.groupCommitment(commitments, bindingFactors)
        // RFC 9591, 4.6.
        challenge = Suite.h2(groupCommitment.bytes + publicKeys.groupKey.bytes + message)
    }

    /// RFC 9591, 4.3 and 4.4.
    private static func bindingFactors(
        message: [UInt8], commitments: [NonceCommitment], groupKey: Ed25519.PublicKey
    ) -> [Scalar] {
        let encoded = commitments.flatMap {
            $0.participant.scalar.bytes + $0.hiding.bytes + $0.binding.bytes
        }
        let prefix = groupKey.bytes + Suite.h4(message) + Suite.h5(encoded)
        return commitments.map { Suite.h1(prefix + $0.participant.scalar.bytes) }
    }

    /// RFC 9591, 4.5: R = Σ D_i + ρ_i·E_i.
    private static func groupCommitment(
        _ commitments: [NonceCommitment], _ bindingFactors: [Scalar]
    ) throws(ThresholdError) -> GroupElement {
        try arithmetic { () throws(CryptographyError) in
            var sum: GroupElement?
            for (commitment, factor) in zip(commitments, bindingFactors) {
                let term = try commitment.hiding + (try factor * commitment.binding)
                sum = if let sum { try sum + term } else { term }
            }
            guard let sum else { throw .identityElement }
            return sum
        }
    }
}
