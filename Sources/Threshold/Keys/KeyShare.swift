public import Cryptography

/// One participant's secret share of the group key, with the public keys it belongs to.
public struct KeyShare: Sendable {
    /// Whose share it is.
    public let participant: ParticipantIdentifier
    /// The group's public keys.
    public let publicKeys: PublicKeyPackage
    package let secret: SecretScalar

    /// Takes a share from storage or from key generation and checks s_i·B = Y_i. Throws
    /// ``ThresholdError/unknownParticipant(_:)`` or ``ThresholdError/foreignShare``.
    public init(
        participant: ParticipantIdentifier, secretBytes: SecretBytes, publicKeys: PublicKeyPackage
    ) throws(ThresholdError) {
        guard let secret = try? SecretScalar(secretBytes) else { throw .foreignShare }
        try self.init(participant: participant, secret: secret, publicKeys: publicKeys)
    }

    package init(
        participant: ParticipantIdentifier, secret: SecretScalar, publicKeys: PublicKeyPackage
    ) throws(ThresholdError) {
        guard let expected = publicKeys.verifyingShares[participant] else { throw .unknownParticipant(participant) }
        guard let actual = try? GroupElement.baseMultiple(of: secret), actual == expected else { throw .foreignShare }
        self.participant = participant
        self.secret = secret
        self.publicKeys = publicKeys
    }

    /// The 32 secret bytes, little-endian: to be sealed, nothing else.
    public var secretBytes: SecretBytes { secret.bytes }
}
