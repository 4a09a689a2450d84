package import Canonical
package import DNAProtocol

/// The public part of a key generation that a signer must still know after a crash: what it has said, and what it has
/// said it about. The secret part is the ceremony seed and, later, the pending share.
package struct CeremonyRecord: Codable, Hashable, Sendable {
    /// The version of this format: 1.
    package var version = 1
    /// The network.
    package var network: NetworkID
    /// The ceremony.
    package var session: Digest
    /// This signer.
    package var identifier: Int
    /// This signer's messages, in order. A message is recorded before anybody can see it.
    package var messages: [KeyGenerationMessage] = []
    /// Everyone's round-one messages, by ascending sender, once all are there; empty before.
    package var roundOne: [KeyGenerationMessage] = []
    /// Why the ceremony ended without a key.
    package var blame: Blame?

    enum CodingKeys: String, CodingKey {
        case version, network, session, identifier, messages, blame
        case roundOne = "round_one"
    }

    package init(network: NetworkID, session: Digest, identifier: Int) {
        self.network = network
        self.session = session
        self.identifier = identifier
    }

    /// This signer's message for `step`.
    package func message(_ step: KeyGenerationMessage.Step) -> KeyGenerationMessage? {
        messages.first { $0.step == step }
    }
}
