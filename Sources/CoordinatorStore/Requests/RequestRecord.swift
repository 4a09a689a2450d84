public import DNAProtocol
import Postgres

/// What the database knows of a request, its document aside.
public struct RequestRecord: Hashable, Sendable {
    /// The request's id.
    public let id: RequestID
    /// The model it asks.
    public let model: ModelID
    /// Where it stands.
    public let state: RequestState
    /// Why it failed; only in state `failed`.
    public let reason: String?
    /// How often it was asked after a failure, from 1.
    public let attempt: Int
    /// The number of the latest round; 0 before the first.
    public let rounds: Int
    /// When it was first asked.
    public let acceptedAt: Timestamp
    /// When the state last changed.
    public let changedAt: Timestamp
    /// When it expires if it has not ended.
    public let expiresAt: Timestamp

    init(_ row: PostgresRow) throws {
        id = RequestID(try row.digest("id"))
        model = ModelID(try row.digest("model"))
        guard let state = RequestState(rawValue: try row.value("state")) else {
            throw PostgresError.decoding(column: "state", .malformed)
        }
        self.state = state
        reason = try row.optional("reason")
        attempt = try row.value("attempt")
        rounds = try row.value("rounds")
        acceptedAt = try row.timestamp("accepted_at")
        changedAt = try row.timestamp("changed_at")
        expiresAt = try row.timestamp("expires_at")
    }

    /// The columns of a `requests` row `r` that a record is made from.
    static let columns = """
        r.id, r.model, r.state, r.reason, r.attempt, r.accepted_at, r.changed_at, r.expires_at,
        coalesce((SELECT max(round) FROM rounds WHERE request = r.id), 0) AS rounds
        """
}
