package import Canonical
package import Cryptography
package import DNAProtocol
import Threshold

/// One signer's place in its network's key generation, with the keys it acts with.
package struct CeremonyParticipant: Sendable {
    /// The network's genesis.
    package let genesis: Genesis
    /// Its id.
    package let network: NetworkID
    /// Names the ceremony. A network has one: should it fail, nothing was signed yet, and a new genesis costs nothing.
    package let session: Digest
    /// This signer.
    package let identifier: Int
    let identity: Ed25519.SigningKey
    let encryption: X25519.SecretKey
    let ceremony: KeyGeneration.Ceremony

    private static let sessionContext = "dna/key-generation-session/1"
    private static let transcriptContext = "dna/key-generation-transcript/1"
    private static let shareContext = "dna/key-generation-share/1"

    /// Takes signer `identifier`'s place. Throws ``SignerError`` when the keys are not the ones the genesis names.
    package init(
        genesis: Genesis, identifier: Int, identity: Ed25519.SigningKey, encryption: X25519.SecretKey
    ) throws {
        try genesis.validate()
        guard let member = genesis.signers.members.first(where: { $0.identifier == identifier }) else {
            throw SignerError.notInGenesis(identifier)
        }
        guard member.identity == identity.publicKey else { throw SignerError.foreignKey("identity", identifier) }
        guard member.encryption == encryption.publicKey else { throw SignerError.foreignKey("encryption", identifier) }
        self.genesis = genesis
        self.identifier = identifier
        self.identity = identity
        self.encryption = encryption
        network = try genesis.networkID()
        // The network id is a digest of t, n and everybody's keys.
        session = Digest.of(Self.sessionContext, network.digest.bytes)
        ceremony = try KeyGeneration.Ceremony(
            participants: genesis.signers.members.compactMap { ParticipantIdentifier($0.identifier) },
            threshold: genesis.signers.threshold, context: session.bytes)
    }

    /// The other signers.
    package var peers: [Genesis.Signer] { genesis.signers.members.filter { $0.identifier != identifier } }

    var participant: ParticipantIdentifier { Self.participant(identifier) }

    static func participant(_ identifier: Int) -> ParticipantIdentifier {
        // A genesis counts its signers from 1 to at most 64.
        ParticipantIdentifier(identifier)!
    }

    /// A message of this signer.
    func message(_ content: KeyGenerationMessage.Content) throws -> KeyGenerationMessage {
        try KeyGenerationMessage(
            .init(network: network, session: session, sender: identifier, content: content), key: identity)
    }

    /// Why `message` is not `sender`'s, in this ceremony; nil when it is.
    func refusal(of message: KeyGenerationMessage, from sender: Int) -> String? {
        let body = message.body
        guard body.version == 1 else { return "version must be 1" }
        guard body.network == network else { return "is for another network" }
        guard body.session == session else { return "is for another ceremony" }
        guard body.sender == sender else { return "names another sender" }
        guard let member = genesis.signers.members.first(where: { $0.identifier == sender }) else {
            return "names a sender that is no signer"
        }
        guard (try? body.isSigned(by: member.identity, message.signature)) == true else {
            return "has a signature that does not verify"
        }
        return nil
    }

    /// Encrypts every other signer's share. The same seed gives the same bytes, so that a crash repeats and never
    /// contradicts.
    func seal(_ round: KeyGeneration.RoundTwo, seed: SecretBytes) throws -> [KeyGenerationMessage.SealedShare] {
        try peers.map { peer in
            var randomness = ceremony.randomness(
                of: participant, seed: seed, purpose: "seal-for-\(peer.identifier)")
            let box = try X25519.seal(
                round.share(for: Self.participant(peer.identifier)), to: peer.encryption, context: Self.shareContext,
                associated: associated(sender: identifier, receiver: peer.identifier), randomness: &randomness)
            return .init(receiver: peer.identifier, box: Hexadecimal.encode(box))
        }
    }

    /// Opens the share that `sender` encrypted to this signer; nil when it cannot be.
    func open(_ shares: KeyGenerationMessage.Shares, from sender: Int) -> SecretBytes? {
        guard shares.sealed.map(\.receiver) == receivers(of: sender),
            let box = shares.sealed.first(where: { $0.receiver == identifier })?.box,
            let bytes = Hexadecimal.decode(box)
        else { return nil }
        return try? X25519.open(
            bytes, with: encryption, context: Self.shareContext,
            associated: associated(sender: sender, receiver: identifier))
    }

    private func receivers(of sender: Int) -> [Int] {
        genesis.signers.members.map(\.identifier).filter { $0 != sender }
    }

    // Depends on nothing that a restarted signer might see otherwise: the box's key never meets a second text.
    private func associated(sender: Int, receiver: Int) -> [UInt8] {
        Array("\(network.hex)\n\(session.hex)\n\(sender)\n\(receiver)".utf8)
    }

    /// What all signers must sign alike once `share` is this signer's.
    func outcome(of round: KeyGeneration.RoundTwo, _ share: KeyShare) throws -> KeyGenerationOutcome {
        KeyGenerationOutcome(
            network: network, threshold: share.publicKeys.threshold, groupKey: share.publicKeys.groupKey,
            verifyingShares: share.publicKeys.participants.compactMap {
                share.publicKeys.verifyingShares[$0]?.verificationKey
            },
            transcript: Digest.of(Self.transcriptContext, try round.transcript()))
    }
}
