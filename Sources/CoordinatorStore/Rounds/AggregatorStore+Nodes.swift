public import Cryptography
public import DNAProtocol
import Postgres

/// What became of something a node sent.
public enum Admission: Hashable, Sendable {
    /// It is there now.
    case recorded
    /// It was there already, byte for byte.
    case repeated
    /// The node has said something else before, here or in another round: it counts for nothing in this request.
    case contradiction
    /// It came after the deadline: it is kept as a fault.
    case late
    /// The round does not take it now, and nobody is to blame.
    case closed
}

/// What a commitment or a vote is held against.
public struct RoundView: Sendable {
    /// The request.
    public let request: Request
    /// Where the request stands.
    public let state: RequestState
    /// The round.
    public let round: RoundRecord
    /// Whether no later round has begun.
    public let isLatest: Bool
}

extension AggregatorStore {
    /// Notes that a node is there and what it serves.
    public func recordPoll(_ poll: AssignmentPoll.Body) async throws {
        try await pool.query(
            """
            INSERT INTO nodes (key, models, last_seen) VALUES ($1, $2, now())
            ON CONFLICT (key) DO UPDATE SET models = excluded.models, last_seen = excluded.last_seen
            """, [.key(poll.node), .byteStrings(poll.models.map(\.digest.bytes))])
    }

    /// A node's oldest work for these models that it has not committed to, in a round that still takes commitments; none of
    /// the `excluded`.
    public func nextAssignment(
        for node: Ed25519.PublicKey, models: [ModelID], except excluded: [AssignmentPlace] = [], now: Timestamp
    ) async throws -> Assignment? {
        let rows = try await pool.query(
            """
            SELECT q.document, r.committee, r.commit_deadline
            FROM requests q JOIN rounds r ON r.request = q.id
                JOIN assignments a ON a.request = r.request AND a.round = r.round
            WHERE q.state = 'assigned' AND a.node = $1 AND q.model = ANY ($2)
                AND r.set_root IS NULL AND r.commit_deadline > $3
                AND NOT EXISTS (SELECT FROM rounds WHERE request = r.request AND round > r.round)
                AND NOT EXISTS (
                    SELECT FROM commitments WHERE request = a.request AND round = a.round AND node = a.node)
                AND NOT EXISTS (SELECT FROM contradictions WHERE request = a.request AND node = a.node)
                AND NOT EXISTS (
                    SELECT FROM unnest($4::bytea[], $5::int8[]) AS excluded (request, round)
                    WHERE excluded.request = a.request AND excluded.round = a.round)
            ORDER BY q.accepted_at, q.id LIMIT 1
            """,
            [
                .key(node), .byteStrings(models.map(\.digest.bytes)), .timestamp(now),
                .byteStrings(excluded.map(\.request.digest.bytes)), .ints(excluded.map(\.round)),
            ])
        guard let row = rows.first else { return nil }
        return Assignment(
            request: try row.document("document", of: "requests"),
            committee: try row.document("committee", of: "rounds"), deadline: try row.timestamp("commit_deadline"))
    }

    /// A round with its request; nil when there is none of this number.
    public func view(of request: RequestID, round: Int) async throws -> RoundView? {
        let rows = try await pool.query(
            """
            SELECT q.document, q.state, (SELECT max(round) FROM rounds WHERE request = q.id) AS latest,
                \(RoundRecord.columns)
            FROM rounds r JOIN requests q ON q.id = r.request WHERE r.request = $1 AND r.round = $2
            """, [.digest(request), .int(round)])
        guard let row = rows.first else { return nil }
        guard let state = RequestState(rawValue: try row.value("state")) else {
            throw PostgresError.decoding(column: "state", .malformed)
        }
        return RoundView(
            request: try row.document("document", of: "requests"), state: state, round: try RoundRecord(row),
            isLatest: try row.value("latest", as: Int.self) == round)
    }
}
