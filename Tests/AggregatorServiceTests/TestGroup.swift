import Cryptography
import DNAProtocol
import TestKit
import Threshold

/// A whole key generation in one process, and the network file it leads to.
struct TestGroup: Sendable {
    let shares: [KeyShare]
    let file: NetworkFile

    struct UnexpectedComplaint: Error {}

    init(_ fixture: Fixture) throws {
        let genesis = fixture.genesis
        let ceremony = try KeyGeneration.Ceremony(
            participants: genesis.signers.members.compactMap { ParticipantIdentifier($0.identifier) },
            threshold: genesis.signers.threshold, context: [UInt8]("test".utf8))
        var randomness = SystemRandomness()
        let firsts = try ceremony.participants.map {
            try KeyGeneration.RoundOne(ceremony: ceremony, participant: $0, randomness: &randomness)
        }
        let seconds = try firsts.map { try Self.result(of: $0.roundTwo(with: firsts.map(\.package))) }
        shares = try seconds.map { recipient in
            var received: [ParticipantIdentifier: SecretBytes] = [:]
            for sender in seconds where sender.participant != recipient.participant {
                received[sender.participant] = try sender.share(for: recipient.participant)
            }
            return try Self.result(of: recipient.finish(receivedShares: received))
        }
        let keys = shares[0].publicKeys
        let outcome = KeyGenerationOutcome(
            network: try genesis.networkID(), threshold: keys.threshold, groupKey: keys.groupKey,
            verifyingShares: keys.participants.compactMap { keys.verifyingShares[$0]?.verificationKey },
            transcript: .of("transcript", []))
        file = NetworkFile(
            genesis: genesis, keyGeneration: outcome,
            signatures: try fixture.identities.map { .init(signer: $0, signature: try outcome.signed(by: $1)) })
    }

    private static func result<T>(of verdict: KeyGeneration.Verdict<T>) throws -> T {
        guard case .success(let result) = verdict else { throw UnexpectedComplaint() }
        return result
    }
}
