public import Cryptography
public import DNAProtocol
import Postgres

/// What became of something a node sent.
public enum Admission: Hashable, Sendable {
    /// It is there now.
    case recorded
    /// It was there already, byte for byte.
    case repeated
    /// The node has sent something else in its place before.
    case contradiction
    /// It came too late, or too early.
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

    /// A node's oldest work for these models that it has not committed to, in a round that still takes commitments.
    public func nextAssignment(
        for node: Ed25519.PublicKey, models: [ModelID], now: Timestamp
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
            ORDER BY q.accepted_at, q.id LIMIT 1
            """, [.key(node), .byteStrings(models.map(\.digest.bytes)), .timestamp(now)])
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

    /// Keeps a commitment that the caller has checked against its round.
    public func add(_ commitment: Commitment) async throws -> Admission {
        let body = commitment.body
        let entry = NodeEntry(table: "commitments", request: body.request, round: body.round, node: body.node)
        return try await entry.add(commitment, timeliness: "commitments_in_time", in: pool) {
            try await pool.query(
                """
                INSERT INTO commitments (request, round, node, document) VALUES ($1, $2::int8::int4, $3, $4)
                ON CONFLICT DO NOTHING
                """, entry.key + [try .document(commitment)])
        }
    }

    /// Keeps a vote that the caller has checked against its round, with its answer.
    public func add(_ submission: VoteSubmission) async throws -> Admission {
        let vote = submission.vote
        let entry = NodeEntry(
            table: "votes", request: vote.body.request, round: vote.body.round, node: vote.body.node)
        // A node that has voted cannot fill the table with answers.
        return try await entry.add(vote, timeliness: "votes_in_time", in: pool) {
            try await pool.query(
                """
                WITH answer AS (
                    INSERT INTO outputs (request, prompt, output, prompt_document, output_document)
                    SELECT $1, $5, $6, $7, $8
                    WHERE NOT EXISTS (SELECT FROM votes WHERE request = $1 AND round = $2 AND node = $3)
                    ON CONFLICT DO NOTHING
                )
                INSERT INTO votes (request, round, node, document, prompt, output)
                VALUES ($1, $2::int8::int4, $3, $4, $5, $6) ON CONFLICT DO NOTHING
                """,
                entry.key + [
                    try .document(vote), .digest(vote.body.prompt), .digest(vote.body.output),
                    try .document(submission.prompt), try .document(submission.output),
                ])
        }
    }
}

/// The one place of a node's commitment or vote.
private struct NodeEntry {
    let table: String
    let request: RequestID
    let round: Int
    let node: Ed25519.PublicKey

    var key: [PostgresParameter] { [.digest(request), .int(round), .key(node)] }

    /// Inserts, in one statement and so one transaction, unless something is there. `timeliness` is the constraint that
    /// refuses what is late or early; what was sent before is answered as before all the same.
    func add(
        _ document: some Encodable & Sendable, timeliness: String, in pool: PostgresPool,
        insert: () async throws -> PostgresRows
    ) async throws -> Admission {
        do {
            if try await insert().affectedCount == 1 { return .recorded }
        } catch PostgresError.server(let failure) where failure.constraint == timeliness {
            return try await compare(document, in: pool) ?? .closed
        }
        return try await compare(document, in: pool) ?? .closed
    }

    private func compare(_ document: some Encodable, in pool: PostgresPool) async throws -> Admission? {
        let rows = try await pool.query(
            """
            SELECT document::text = $4::text AS is_equal FROM \(table)
            WHERE request = $1 AND round = $2 AND node = $3
            """, key + [try .document(document)])
        return try rows.oneOrNone().map { try $0.value("is_equal") ? .repeated : .contradiction }
    }
}
