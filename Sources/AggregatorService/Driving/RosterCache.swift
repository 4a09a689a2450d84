import Cryptography
import DNAProtocol
import Synchronization

/// Roster epochs by id: they never change and may be long.
final class RosterCache: Sendable {
    /// An epoch, and who may speak in it.
    struct Entry: Sendable {
        let signed: SignedRoster
        let activeNodes: Set<Ed25519.PublicKey>
        let revokedNodes: Set<Ed25519.PublicKey>
    }

    /// More than the epochs that are in use at once.
    private static let limit = 8
    private let entries = Mutex<[RosterID: Entry]>([:])

    /// The epoch, from `load` if it is not known yet; nil when `load` does not know it either.
    func entry(_ id: RosterID, load: () async throws -> SignedRoster?) async throws -> Entry? {
        if let entry = entries.withLock({ $0[id] }) { return entry }
        guard let signed = try await load() else { return nil }
        func nodes(_ status: Roster.Status) -> Set<Ed25519.PublicKey> {
            Set(signed.roster.nodes.filter { $0.status == status }.map(\.key))
        }
        let entry = Entry(signed: signed, activeNodes: nodes(.active), revokedNodes: nodes(.revoked))
        entries.withLock { entries in
            if entries.count >= Self.limit { entries.removeAll() }
            entries[id] = entry
        }
        return entry
    }
}
