public import Canonical
public import Cryptography
public import DNAProtocol
import Postgres

/// One round of a request, as the database has it.
public struct RoundRecord: Hashable, Sendable {
    /// The round's committee; its number is the committee's.
    public let committee: Committee
    /// When commitments close.
    public let commitDeadline: Timestamp
    /// The root of the closed set; nil while it is open.
    public let setRoot: Digest?
    /// When votes close; nil while the set is open.
    public let voteDeadline: Timestamp?
    /// The commitments, by ascending node key; without those of nodes that contradicted themselves before the set closed.
    public let commitments: [Commitment]
    /// The votes, by ascending node key.
    public let votes: [Vote]
    /// Nodes that contradicted themselves in any round of the request: they count for nothing.
    public let contradicted: Set<Ed25519.PublicKey>

    /// The round's number.
    public var number: Int { committee.round }

    /// The closed set; nil while it is open.
    public var set: CommitmentSet? {
        setRoot.map { _ in CommitmentSet(round: committee.round, commitments: commitments) }
    }

    static func all(of request: RequestID, in pool: PostgresPool) async throws -> [RoundRecord] {
        let rows = try await pool.query(
            "SELECT \(columns) FROM rounds r WHERE r.request = $1 ORDER BY r.round", [.digest(request)])
        return try rows.map(RoundRecord.init)
    }

    /// The latest round; nil before the first. Nothing joins it until the transaction ends.
    static func latestLocked(
        of request: RequestID, in transaction: PostgresTransaction
    ) async throws -> RoundRecord? {
        // First the lock, then the round: a statement that waited for a lock still sees what was there when it began.
        let rows = try await transaction.query(
            "SELECT round FROM rounds WHERE request = $1 ORDER BY round DESC LIMIT 1 FOR NO KEY UPDATE",
            [.digest(request)])
        guard let row = rows.first else { return nil }
        return try await find(try row.value("round"), of: request, in: transaction)
    }

    /// One round; nil when there is none of this number.
    static func find(
        _ round: Int, of request: RequestID, in transaction: PostgresTransaction
    ) async throws -> RoundRecord? {
        let rows = try await transaction.query(
            "SELECT \(columns) FROM rounds r WHERE r.request = $1 AND r.round = $2", [.digest(request), .int(round)])
        return try rows.first.map(RoundRecord.init)
    }

    /// All there is of a round `r`, in one statement and so at one moment.
    static let columns = """
        r.committee, r.commit_deadline, r.set_root, r.vote_deadline,
        ARRAY(
            SELECT document::text FROM commitments c WHERE request = r.request AND round = r.round
                AND NOT EXISTS (
                    SELECT FROM contradictions
                    WHERE request = c.request AND round = c.round AND node = c.node AND before_set)
            ORDER BY node
        ) AS commitments,
        ARRAY(SELECT document::text FROM votes WHERE request = r.request AND round = r.round ORDER BY node) AS votes,
        ARRAY(SELECT encode(node, 'hex') FROM contradictions WHERE request = r.request) AS contradicted
        """

    init(_ row: PostgresRow) throws {
        committee = try row.document("committee", of: "rounds")
        commitDeadline = try row.timestamp("commit_deadline")
        setRoot = try row.digestIfAny("set_root")
        voteDeadline = try row.timestampIfAny("vote_deadline")
        commitments = try row.value("commitments", as: [String].self)
            .map { try StoredDocument.decode($0, of: "commitments") }
        votes = try row.value("votes", as: [String].self).map { try StoredDocument.decode($0, of: "votes") }
        contradicted = Set(
            try row.value("contradicted", as: [String].self).compactMap { Ed25519.PublicKey(hex: $0) })
    }
}
