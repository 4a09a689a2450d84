public import DNAProtocol
public import Postgres

/// The coordinator's database as an aggregator uses it, in the role `dna_aggregator`.
///
/// Calls throw `PostgresError` and ``StoreError``. Calls that serve nodes are idempotent; those of a request's owner go
/// through ``withLease(_:_:)``.
public struct AggregatorStore: Sendable {
    /// The connections.
    public let pool: PostgresPool

    /// A store over these connections.
    public init(pool: PostgresPool) { self.pool = pool }

    /// The request in full; nil when nobody has asked it.
    public func request(_ id: RequestID) async throws -> Request? {
        let rows = try await pool.query("SELECT document FROM requests WHERE id = $1", [.digest(id)])
        return try rows.oneOrNone()?.document("document", of: "requests")
    }

    /// Where a request stands; nil when nobody has asked it.
    public func find(_ id: RequestID) async throws -> RequestRecord? {
        let rows = try await pool.query(
            "SELECT \(RequestRecord.columns) FROM requests r WHERE r.id = $1", [.digest(id)])
        return try rows.oneOrNone().map { try RequestRecord($0) }
    }

    /// Everything that happens, over a session of its own.
    public func events() -> CoordinatorEvents {
        CoordinatorEvents(pool.configuration, channels: CoordinatorEvents.Channel.allCases)
    }
}
