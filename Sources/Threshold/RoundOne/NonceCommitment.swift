public import Cryptography

/// What a participant publishes in round one (RFC 9591, 5.1).
public struct NonceCommitment: Codable, Hashable, Sendable {
    /// Whose commitment it is.
    public let participant: ParticipantIdentifier
    /// D_i, the commitment to the hiding nonce.
    public let hiding: GroupElement
    /// E_i, the commitment to the binding nonce.
    public let binding: GroupElement

    /// A commitment received from elsewhere; its elements are valid by type.
    public init(participant: ParticipantIdentifier, hiding: GroupElement, binding: GroupElement) {
        self.participant = participant
        self.hiding = hiding
        self.binding = binding
    }
}
