public import Cryptography

/// One participant's part of a signature: z_i (RFC 9591, 5.2).
public struct SignatureShare: Codable, Hashable, Sendable {
    /// Whose part it is.
    public let participant: ParticipantIdentifier
    /// z_i.
    public let share: Scalar

    /// A share received from elsewhere.
    public init(participant: ParticipantIdentifier, share: Scalar) {
        self.participant = participant
        self.share = share
    }
}

extension SigningPackage {
    /// Round two (RFC 9591, 5.2): this participant's share of the signature. The caller has decided that the message may
    /// be signed. The nonces are spent once the package has turned out to be this participant's, whatever follows.
    /// Throws ``ThresholdError/foreignShare``, ``ThresholdError/foreignCommitment`` or ``ThresholdError/noncesSpent``.
    public func sign(with share: KeyShare, nonces: SigningNonces) throws(ThresholdError) -> SignatureShare {
        guard share.publicKeys == publicKeys else { throw .foreignShare }
        guard nonces.commitment.participant == share.participant,
            let position = commitments.firstIndex(of: nonces.commitment)
        else { throw .foreignCommitment }
        let weight = try Polynomial.interpolatingValue(of: share.participant, among: participants)
        let secrets = try nonces.take()
        // z_i = d_i + e_i·ρ_i + λ_i·s_i·c
        let response = secrets.hiding + secrets.binding * bindingFactors[position] + share.secret * (weight * challenge)
        return SignatureShare(participant: share.participant, share: response.disclosed())
    }
}
