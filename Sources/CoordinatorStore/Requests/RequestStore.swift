public import DNAProtocol
public import Postgres

/// The coordinator's database as a gateway uses it, in the role `dna_gateway`: ask, and read.
///
/// Every call throws `PostgresError`, or `StoreError` for a document somebody else has spoilt.
public struct RequestStore: Sendable {
    /// The connections.
    public let pool: PostgresPool

    /// A store over these connections.
    public init(pool: PostgresPool) { self.pool = pool }

    /// Asks: a new request becomes `accepted`, one that is there stays as it is, and one that ended without an answer
    /// gets another attempt. Idempotent.
    ///
    /// - Parameters:
    ///   - request: validated by the caller; its model must be registered.
    ///   - lifetime: how long the network may try, in seconds from now; counts for a new attempt only.
    public func accept(_ request: Request, lifetime: Int) async throws -> RequestRecord {
        let rows = try await pool.query(
            "SELECT \(RequestRecord.columns) FROM accept_request($1, $2, $3, $4) r",
            [
                .digest(try request.requestID()), .digest(request.model), try .document(request), .int(lifetime),
            ])
        return try RequestRecord(try rows.one())
    }

    /// Where a request stands; nil when nobody has asked it.
    public func find(_ id: RequestID) async throws -> RequestRecord? {
        let rows = try await pool.query(
            "SELECT \(RequestRecord.columns) FROM requests r WHERE r.id = $1", [.digest(id)])
        return try rows.oneOrNone().map { try RequestRecord($0) }
    }

    /// The request in full; nil when nobody has asked it.
    public func request(_ id: RequestID) async throws -> Request? {
        let rows = try await pool.query("SELECT document FROM requests WHERE id = $1", [.digest(id)])
        return try rows.oneOrNone()?.document("document", of: "requests")
    }

    /// A request's rounds so far, each with its committee, who has committed, and the votes.
    public func rounds(of id: RequestID) async throws -> [RoundRecord] {
        try await RoundRecord.all(of: id, in: pool)
    }

    /// A request's certificate with everything it rests on; nil unless it is certified.
    public func bundle(of id: RequestID) async throws -> Bundle? {
        let rows = try await pool.query("SELECT bundle FROM certificates WHERE request = $1", [.digest(id)])
        return try rows.oneOrNone()?.document("bundle", of: "certificates")
    }

    /// The network this database belongs to; nil before an aggregator has registered it.
    public func network() async throws -> NetworkRecord? { try await NetworkRecord.find(in: pool) }

    /// What verifiers need; nil until the signers have a group key.
    public func networkFile() async throws -> NetworkFile? { try await network()?.file }

    /// All models, by name and then the latest first.
    public func models() async throws -> [ModelRecord] {
        let rows = try await pool.query(
            """
            SELECT \(ModelRecord.columns) FROM models m WHERE m.root IS NOT NULL AND NOT is_withdrawn(m.id)
            ORDER BY m.name, m.registered_at DESC, m.id
            """)
        return try rows.map { try ModelRecord($0) }
    }

    /// The model with this id, or else the one with this alias, or else the latest one with this name.
    public func model(_ word: String) async throws -> ModelRecord? {
        let id: PostgresParameter = .optional(ModelID(word)) { .digest($0) }
        let rows = try await pool.query(
            """
            SELECT \(ModelRecord.columns) FROM models m
                LEFT JOIN model_aliases named ON named.alias = $2 AND named.model = m.id AND NOT named.withdrawn
            WHERE m.root IS NOT NULL AND NOT is_withdrawn(m.id)
                AND (m.id = $1::bytea OR named.alias IS NOT NULL OR m.name = $2)
            ORDER BY m.id = $1::bytea DESC NULLS LAST, named.alias NULLS LAST, m.registered_at DESC, m.id LIMIT 1
            """, [id, .text(word)])
        return try rows.first.map { try ModelRecord($0) }
    }

    /// Changes of requests' states as they happen, over a session of its own.
    public func changes() -> CoordinatorEvents {
        CoordinatorEvents(pool.configuration, channels: [.requests])
    }
}
