import Consensus
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
        let keys = try file.keyGeneration.publicKeys()
        state.withLock { $0 = Known(file: file, publicKeys: keys) }
    }
}
