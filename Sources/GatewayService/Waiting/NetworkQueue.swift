package import Postgres
import Synchronization

/// Whether the network has as many open requests as it may. A full network is not asked again for a second: that is when
/// the database has enough to do.
package final class NetworkQueue: Sendable {
    private static let interval: Duration = .seconds(1)

    private let limit: Int
    private let fullAt = Mutex<ContinuousClock.Instant?>(nil)

    /// A queue of at most `limit` open requests.
    package init(limit: Int) { self.limit = limit }

    package func isFull(_ pool: PostgresPool) async throws -> Bool {
        let now = ContinuousClock.now
        if let fullAt = fullAt.withLock({ $0 }), now - fullAt < Self.interval { return true }
        let count: Int = try await pool.query(
            """
            SELECT count(*) AS n FROM
              (SELECT 1 FROM requests WHERE state NOT IN ('certified', 'failed', 'cancelled', 'expired') LIMIT $1) r
            """, [.int(limit)]
        ).one().value("n")
        let isFull = count >= limit
        fullAt.withLock { $0 = isFull ? now : nil }
        return isFull
    }
}
