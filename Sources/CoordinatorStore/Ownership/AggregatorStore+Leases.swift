public import DNAProtocol
import Postgres

/// The right to drive one request, until somebody else takes it.
public struct Lease: Hashable, Sendable {
    /// The request.
    public let request: RequestID
    /// The replica that holds it.
    public let owner: String
    /// Grows with every owner; what a former owner still wants to write carries an older one, and is refused.
    public let epoch: Int
}

// Leases run on the database's clock, so that replicas need not agree on the time.
extension AggregatorStore {
    /// Takes up to `limit` open requests that nobody holds, the oldest first; others' claims do not wait for this one.
    public func claim(owner: String, limit: Int, seconds: Double) async throws -> [Lease] {
        let rows = try await pool.query(
            """
            WITH free AS MATERIALIZED (
                SELECT id FROM requests
                WHERE state IN ('accepted', 'seeded', 'assigned', 'voting', 'decided')
                    AND (lease_until IS NULL OR lease_until <= now())
                ORDER BY accepted_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
            UPDATE requests SET lease_owner = $1, lease_epoch = lease_epoch + 1,
                lease_until = now() + make_interval(secs => $3)
            WHERE id IN (SELECT id FROM free) RETURNING id, lease_epoch
            """, [.text(owner), .int(limit), .double(seconds)])
        return try rows.map {
            Lease(request: RequestID(try $0.digest("id")), owner: owner, epoch: try $0.value("lease_epoch"))
        }
    }

    /// Prolongs leases; gives those that are still held. One that ran out and that nobody has taken is held again.
    public func renew(_ leases: [Lease], seconds: Double) async throws -> Set<Lease> {
        let rows = try await pool.query(
            """
            UPDATE requests r SET lease_until = now() + make_interval(secs => $4)
            FROM unnest($1::bytea[], $2::text[], $3::int8[]) AS held (id, owner, epoch)
            WHERE r.id = held.id AND r.lease_owner = held.owner AND r.lease_epoch = held.epoch
            RETURNING r.id, r.lease_owner, r.lease_epoch
            """,
            [
                .byteStrings(leases.map(\.request.digest.bytes)), .texts(leases.map(\.owner)),
                .ints(leases.map(\.epoch)), .double(seconds),
            ])
        return Set(
            try rows.map {
                Lease(
                    request: RequestID(try $0.digest("id")), owner: try $0.value("lease_owner"),
                    epoch: try $0.value("lease_epoch"))
            })
    }

    /// Gives leases back, and tells the other replicas.
    public func release(_ leases: [Lease]) async throws {
        try await pool.query(
            """
            UPDATE requests r SET lease_owner = NULL, lease_until = NULL
            FROM unnest($1::bytea[], $2::text[], $3::int8[]) AS held (id, owner, epoch)
            WHERE r.id = held.id AND r.lease_owner = held.owner AND r.lease_epoch = held.epoch
            """,
            [
                .byteStrings(leases.map(\.request.digest.bytes)), .texts(leases.map(\.owner)),
                .ints(leases.map(\.epoch)),
            ])
    }

    /// Frees whatever is held under a name: for a replica that has just started, and whose predecessor is gone.
    public func releaseAll(of owner: String) async throws {
        try await pool.query(
            """
            UPDATE requests SET lease_owner = NULL, lease_until = NULL
            WHERE state IN ('accepted', 'seeded', 'assigned', 'voting', 'decided') AND lease_owner = $1
            """, [.text(owner)])
    }

    /// How long until the first lease of somebody else ends, in seconds, not below 0; nil when there is none.
    public func secondsToNextExpiry(besides owner: String) async throws -> Double? {
        let rows = try await pool.query(
            """
            SELECT greatest(0, extract(epoch FROM lease_until - now()))::float8 AS seconds FROM requests
            WHERE state IN ('accepted', 'seeded', 'assigned', 'voting', 'decided') AND lease_owner <> $1
            ORDER BY lease_until LIMIT 1
            """, [.text(owner)])
        return try rows.oneOrNone()?.value("seconds")
    }

    /// Runs the owner's next step in one transaction. Nobody else writes the request meanwhile. Throws
    /// ``StoreError/leaseLost`` when the lease is another's by now; then nothing is written.
    public func withLease<Value: Sendable>(
        _ lease: Lease, _ body: (OwnedRequest) async throws -> Value
    ) async throws -> Value {
        try await pool.withTransaction { transaction in
            let rows = try await transaction.query(
                """
                SELECT state, attempt, expires_at,
                    (SELECT id FROM rosters ORDER BY epoch DESC LIMIT 1) AS newest_roster FROM requests
                WHERE id = $1 AND lease_owner = $2 AND lease_epoch = $3 FOR NO KEY UPDATE
                """, [.digest(lease.request), .text(lease.owner), .int(lease.epoch)])
            guard let row = try rows.oneOrNone() else { throw StoreError.leaseLost }
            return try await body(try OwnedRequest(lease, row, transaction))
        }
    }
}
