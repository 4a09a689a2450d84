package import DNAProtocol
package import Logging

/// Runs a ceremony against the disk and the message board: does what the ceremony says, in its order.
package actor KeyGenerator {
    private var ceremony: Ceremony
    private let folder: SignerFolder
    private let board: MessageBoard
    private let logger: Logger
    /// What was wrong with the last message fetched from a peer.
    private var refusals: [Int: String] = [:]

    /// Where a key generation stands, for people.
    package enum Standing: Hashable, Sendable, CustomStringConvertible {
        /// Still waiting, for these signers.
        case waiting(String)
        /// Over, with a key.
        case finished(NetworkFile)
        /// Over, without one.
        case aborted(Blame)

        package var description: String {
            switch self {
            case .waiting(let reason): reason
            case .finished: "the key is generated"
            case .aborted(let blame): "key generation was aborted: \(blame)"
            }
        }
    }

    package init(_ ceremony: Ceremony, folder: SignerFolder, board: MessageBoard, logger: Logger) {
        self.ceremony = ceremony
        self.folder = folder
        self.board = board
        self.logger = logger
    }

    /// Goes on from what is stored.
    package func start() throws { try perform(ceremony.start()) }

    /// The step whose message of `peer` is wanted next.
    package func awaitedStep(of peer: Int) -> KeyGenerationMessage.Step? { ceremony.awaitedStep(of: peer) }

    /// Takes in what was fetched from `peer`.
    ///
    /// - Returns: whether all of it was the peer's own.
    package func take(_ messages: [KeyGenerationMessage], from peer: Int) throws -> Bool {
        refusals[peer] = nil
        for message in messages {
            switch try ceremony.receive(message, from: peer) {
            case .accepted(let actions): try perform(actions)
            case .refused(let reason): refuse(peer, "its message \(reason)")
            }
        }
        return refusals[peer] == nil
    }

    /// Notes that nothing of use came from `peer`.
    package func refuse(_ peer: Int, _ reason: String) {
        if refusals[peer] != reason {
            logger.warning("message refused", metadata: ["signer": "\(peer)", "reason": "\(reason)"])
        }
        refusals[peer] = reason
    }

    /// Where it stands.
    package var standing: Standing {
        switch ceremony.phase {
        case .finished(let file): return .finished(file)
        case .aborted(let blame): return .aborted(blame)
        case .collectingRoundOne, .collectingShares, .collectingConfirmations: break
        }
        let missing = ceremony.me.peers.map(\.identifier).filter { ceremony.isWaiting(for: $0) }.map { peer in
            refusals[peer].map { "signer \(peer) (\($0))" } ?? "signer \(peer)"
        }
        return .waiting("key generation waits for " + missing.joined(separator: ", "))
    }

    private func perform(_ actions: [Ceremony.Action]) throws {
        for action in actions {
            switch action {
            case .store(let record): try folder.store(record)
            case .storePending(let pending): try folder.store(pending)
            case .publish(let message): board.publish(message)
            case .finish(let file):
                try folder.activate(file)
                logger.notice("group key generated", metadata: ["group_key": "\(file.groupKey)"])
            case .abort(let blame):
                logger.critical(
                    "key generation aborted",
                    metadata: [
                        "culprit": "\(blame.culprit)", "fault": "\(blame)", "record": "\(SignerFolder.recordName)",
                    ])
            }
        }
    }
}
