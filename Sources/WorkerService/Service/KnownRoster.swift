import DNAProtocol
import Synchronization

/// The newest roster epoch a worker has verified, against which committees are held. It never goes back.
final class KnownRoster: Sendable {
    private let genesis: Genesis
    private let aggregator: AggregatorClient
    private let newest: Mutex<Roster?>

    init(_ roster: Roster?, genesis: Genesis, aggregator: AggregatorClient) {
        self.genesis = genesis
        self.aggregator = aggregator
        newest = Mutex(roster)
    }

    /// The epoch with this id; nil when it is not the newest, or cannot be had now.
    func epoch(_ id: RosterID) async -> Roster? {
        if let known = newest.withLock({ $0 }), (try? known.rosterID()) == id { return known }
        guard let signed = try? await aggregator.roster(), (try? signed.validate(in: genesis)) != nil,
            (try? signed.roster.rosterID()) == id
        else { return nil }
        return newest.withLock { newest in
            guard signed.roster.epoch > newest?.epoch ?? 0 else { return nil }
            newest = signed.roster
            return signed.roster
        }
    }
}
