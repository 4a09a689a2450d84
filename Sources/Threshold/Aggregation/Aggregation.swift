public import Cryptography

/// What came of a set of signature shares.
public enum AggregationVerdict: Hashable, Sendable {
    /// The group's signature; it verifies.
    case signature(Ed25519.Signature)
    /// These participants' shares are wrong; at least one. The others' shares are right.
    case culprits([ParticipantIdentifier])
}

extension SigningPackage {
    /// Adds the shares up (RFC 9591, 5.3) and verifies the result; only when that fails is each share verified, to name
    /// the culprits (RFC 9591, 5.4). One share of each participant of this package, in any order; otherwise throws
    /// ``ThresholdError/unknownParticipant(_:)``, ``ThresholdError/missingParticipant(_:)`` or, for a second share of
    /// one participant, ``ThresholdError/notStrictlyAscending``. Throws ``ThresholdError/inconsistentKeys`` when all
    /// shares are right and the signature is not.
    public func aggregate(_ shares: [SignatureShare]) throws(ThresholdError) -> AggregationVerdict {
        let sorted = shares.sorted { $0.participant < $1.participant }
        try sorted.map(\.participant).requireStrictlyAscending()
        if let stranger = sorted.first(where: { !participants.contains($0.participant) }) {
            throw .unknownParticipant(stranger.participant)
        }
        // Both lists ascend and the shares' is part of the other, so the first difference is a missing one.
        for (position, participant) in participants.enumerated() {
            guard position < sorted.count, sorted[position].participant == participant else {
                throw .missingParticipant(participant)
            }
        }
        let signature = signature(of: sorted)
        if publicKeys.groupKey.verifies(signature, of: message) { return .signature(signature) }
        let culprits = try culprits(among: sorted)
        guard !culprits.isEmpty else { throw .inconsistentKeys }
        return .culprits(culprits)
    }

    /// Whether one share is right (RFC 9591, 5.4). Throws ``ThresholdError/unknownParticipant(_:)`` when its participant
    /// has no commitment in this package.
    public func isValid(_ share: SignatureShare) throws(ThresholdError) -> Bool {
        guard let position = participants.firstIndex(of: share.participant) else {
            throw .unknownParticipant(share.participant)
        }
        return try isValid(share, at: position)
    }

    /// R ‖ Σ z_i.
    private func signature(of shares: [SignatureShare]) -> Ed25519.Signature {
        let response = shares.reduce(Scalar.zero) { $0 + $1.share }
        return Ed25519.Signature(commitment: groupCommitment, response: response)
    }

    private func culprits(among shares: [SignatureShare]) throws(ThresholdError) -> [ParticipantIdentifier] {
        var culprits: [ParticipantIdentifier] = []
        for (position, share) in shares.enumerated() where try !isValid(share, at: position) {
            culprits.append(share.participant)
        }
        return culprits
    }

    /// RFC 9591, 5.4: z_i·B = D_i + ρ_i·E_i + c·λ_i·Y_i.
    private func isValid(_ share: SignatureShare, at position: Int) throws(ThresholdError) -> Bool {
        let weight = try Polynomial.interpolatingValue(of: share.participant, among: participants)
        guard let verifyingShare = publicKeys.verifyingShares[share.participant] else {
            throw .unknownParticipant(share.participant)
        }
        // An honest share meets the identity on neither side, but for negligible probability.
        guard let left = try? GroupElement.baseMultiple(of: share.share) else { return false }
        let commitment = commitments[position]
        let right = try arithmetic { () throws(CryptographyError) in
            let nonces = try commitment.hiding + (try bindingFactors[position] * commitment.binding)
            return try nonces + (try (challenge * weight) * verifyingShare)
        }
        return left == right
    }
}
