import Cryptography
import DNAProtocol
import Synchronization
import Threshold

/// The network file and the group's public keys, once the signers have them.
final class GroupKeys: Sendable {
    /// What is known from a network file.
    struct Known: Sendable {
        let file: NetworkFile
        let publicKeys: PublicKeyPackage
    }

    private let state = Mutex<Known?>(nil)

    var known: Known? { state.withLock { $0 } }

    /// Takes a validated network file.
    func take(_ file: NetworkFile) throws {
        let outcome = file.keyGeneration
        var shares: [ParticipantIdentifier: GroupElement] = [:]
        for (index, key) in outcome.verifyingShares.enumerated() {
            guard let participant = ParticipantIdentifier(index + 1) else { continue }
            shares[participant] = GroupElement(key)
        }
        let keys = try PublicKeyPackage(
            groupKey: outcome.groupKey, threshold: outcome.threshold, verifyingShares: shares)
        state.withLock { $0 = Known(file: file, publicKeys: keys) }
    }
}
