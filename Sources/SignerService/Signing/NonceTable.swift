package import DNAProtocol
package import Threshold

/// Nonces that were promised and not used: bounded, each for one decision and one use, gone after a while.
///
/// In memory only. A restarted signer has forgotten them, which is safe; the aggregator asks for new ones.
package struct NonceTable: Sendable {
    /// How many promises are kept. Secret memory has guard pages, so this bounds mappings more than bytes.
    package static let capacity = 1_024
    /// How long a promise is kept.
    package static let lifetime = Duration.seconds(60)

    private struct Entry: Sendable {
        let decision: DecisionID
        let nonces: SigningNonces
        let expiry: ContinuousClock.Instant
    }

    private let capacity: Int
    private let lifetime: Duration
    private var entries: [NonceCommitment: Entry] = [:]
    /// Oldest first; entries that were taken are skipped when their turn comes.
    private var order: [NonceCommitment] = []

    /// An empty table.
    package init(capacity: Int = Self.capacity, lifetime: Duration = Self.lifetime) {
        precondition(capacity > 0, "a table of nothing")
        self.capacity = capacity
        self.lifetime = lifetime
    }

    /// How many promises are kept now.
    package var count: Int { entries.count }

    /// Keeps `nonces` for `decision`. When the table is full the oldest promise is broken: an asker that floods costs
    /// others another round trip, not their turn.
    package mutating func insert(_ nonces: SigningNonces, for decision: DecisionID, at now: ContinuousClock.Instant) {
        removeExpired(at: now)
        while entries.count >= capacity, let oldest = order.first {
            order.removeFirst()
            remove(oldest)?.erase()
        }
        entries[nonces.commitment] = Entry(decision: decision, nonces: nonces, expiry: now + lifetime)
        order.append(nonces.commitment)
    }

    /// Whether `commitment` is a promise for `decision` that still holds.
    package func holds(
        _ commitment: NonceCommitment, for decision: DecisionID, at now: ContinuousClock.Instant
    ) -> Bool {
        guard let entry = entries[commitment] else { return false }
        return entry.decision == decision && now < entry.expiry
    }

    /// Takes the nonces behind `commitment` out, for good; nil when there are none for `decision`.
    package mutating func take(
        _ commitment: NonceCommitment, for decision: DecisionID, at now: ContinuousClock.Instant
    ) -> SigningNonces? {
        guard holds(commitment, for: decision, at: now) else { return nil }
        return remove(commitment)
    }

    private mutating func remove(_ commitment: NonceCommitment) -> SigningNonces? {
        entries.removeValue(forKey: commitment)?.nonces
    }

    private mutating func removeExpired(at now: ContinuousClock.Instant) {
        // All promises last equally long, so the oldest end first.
        let spent = order.prefix { commitment in entries[commitment].map { $0.expiry <= now } ?? true }
        for commitment in spent { remove(commitment)?.erase() }
        order.removeFirst(spent.count)
    }
}
