import Cryptography
import DNAProtocol
import Postgres

/// The one place of a node in a round, and what it has said there, inside a transaction.
struct NodePlace {
    let place: Contradiction.Place
    let transaction: PostgresTransaction
    /// Whether the round's set is open, and stays so until the transaction ends.
    let isOpen: Bool
    /// Whether commitments are too late.
    let isCommittingOver: Bool

    private var key: [PostgresParameter] { [.digest(place.request), .int(place.round), .key(place.node)] }

    /// Looks at the round, and lets nobody else write down what the node says there until the transaction ends; nil when
    /// the node is not on its committee.
    static func find(
        _ place: Contradiction.Place, now: Timestamp?, in transaction: PostgresTransaction
    ) async throws -> NodePlace? {
        // The lock first: the owner that closes the set sees what is written here, or this sees the set closed.
        let rows = try await transaction.query(
            """
            SELECT r.set_root IS NULL AS is_open,
                r.set_root IS NOT NULL OR r.commit_deadline <= coalesce($4, now()) AS is_over
            FROM rounds r JOIN assignments a ON a.request = r.request AND a.round = r.round
            WHERE r.request = $1 AND r.round = $2 AND a.node = $3 FOR SHARE OF r
            """,
            [.digest(place.request), .int(place.round), .key(place.node), .optional(now, PostgresParameter.timestamp)])
        guard let row = try rows.oneOrNone() else { return nil }
        let found = NodePlace(
            place: place, transaction: transaction, isOpen: try row.value("is_open"),
            isCommittingOver: try row.value("is_over"))
        try await transaction.query("SELECT lock_place($1, $2::int8::int4, $3)", found.key)
        return found
    }

    /// The commitment the node made in time, or else the one that was recorded as late.
    func commitment() async throws -> (commitment: Commitment, isLate: Bool)? {
        if let commitment: Commitment = try await document(in: "commitments") { return (commitment, false) }
        guard case .commitment(let late) = try await statement(.lateCommitment) else { return nil }
        return (late, true)
    }

    /// The node's vote, or else the one that was recorded as no match.
    func vote() async throws -> (vote: Vote, isMismatched: Bool)? {
        if let vote: Vote = try await document(in: "votes") { return (vote, false) }
        guard case .vote(let vote) = try await statement(.mismatchedReveal) else { return nil }
        return (vote, true)
    }

    private func document<Value: Decodable>(in table: String) async throws -> Value? {
        let rows = try await transaction.query(
            "SELECT document FROM \(table) WHERE request = $1 AND round = $2 AND node = $3", key)
        return try rows.oneOrNone()?.document("document", of: table)
    }

    private func statement(_ kind: Fault.Kind) async throws -> Fault.Statement? {
        let rows = try await transaction.query(
            "SELECT statement FROM faults WHERE request = $1 AND round = $2 AND node = $3 AND kind = $4",
            key + [.text(kind.rawValue)])
        return try rows.oneOrNone()?.documentIfAny("statement", of: "faults")
    }

    /// Whether the node has contradicted itself in this request.
    func hasContradictedItself() async throws -> Bool {
        let rows = try await transaction.query(
            "SELECT FROM contradictions WHERE request = $1 AND node = $2 LIMIT 1",
            [.digest(place.request), .key(place.node)])
        return !rows.isEmpty
    }

    /// Keeps both statements, unless a contradiction of this kind is there.
    func record(_ contradiction: Contradiction) async throws {
        let (first, second) = try contradiction.documents()
        try await transaction.query(
            """
            INSERT INTO contradictions (request, round, node, kind, first, second, before_set)
            VALUES ($1, $2::int8::int4, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
            """, key + [.text(contradiction.kind.rawValue), first, second, .bool(isOpen)])
    }

    /// Keeps a fault, unless one of this kind is there.
    func record(_ kind: Fault.Kind, _ statement: Fault.Statement) async throws {
        try await transaction.query(
            """
            INSERT INTO faults (request, round, node, kind, statement)
            VALUES ($1, $2::int8::int4, $3, $4, $5) ON CONFLICT DO NOTHING
            """, key + [.text(kind.rawValue), try .document(statement)])
    }
}

extension Contradiction {
    fileprivate func documents() throws -> (PostgresParameter, PostgresParameter) {
        switch self {
        case .commitments(let first, let second): (try .document(first), try .document(second))
        case .votes(let first, let second): (try .document(first), try .document(second))
        case .reveal(let commitment, let vote): (try .document(commitment), try .document(vote))
        }
    }
}
