public import Canonical
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
    /// The commitments, by ascending node key.
    public let commitments: [Commitment]
    /// The votes, by ascending node key.
    public let votes: [Vote]

    /// The round's number.
    public var number: Int { committee.round }

    /// The closed set; nil while it is open.
    public var set: CommitmentSet? {
        setRoot.map { _ in CommitmentSet(round: committee.round, commitments: commitments) }
    }

    static func all(of request: RequestID, in pool: PostgresPool) async throws -> [RoundRecord] {
        try await pool.withTransaction(isolation: .repeatableRead) { transaction in
            let rounds = try await transaction.query("\(select) WHERE request = $1 ORDER BY round", [.digest(request)])
            var records: [RoundRecord] = []
            for row in rounds { records.append(try await load(row, of: request, in: transaction)) }
            return records
        }
    }

    /// The latest round; nil before the first. With `isLocked` nothing joins it until the transaction ends.
    static func latest(
        of request: RequestID, isLocked: Bool, in transaction: PostgresTransaction
    ) async throws -> RoundRecord? {
        let lock = isLocked ? "FOR NO KEY UPDATE" : ""
        let rows = try await transaction.query(
            "\(select) WHERE request = $1 ORDER BY round DESC LIMIT 1 \(lock)", [.digest(request)])
        guard let row = rows.first else { return nil }
        return try await load(row, of: request, in: transaction)
    }

    /// One round; nil when there is none of this number.
    static func find(
        _ round: Int, of request: RequestID, in transaction: PostgresTransaction
    ) async throws -> RoundRecord? {
        let rows = try await transaction.query(
            "\(select) WHERE request = $1 AND round = $2", [.digest(request), .int(round)])
        guard let row = rows.first else { return nil }
        return try await load(row, of: request, in: transaction)
    }

    private static let select = "SELECT round, committee, commit_deadline, set_root, vote_deadline FROM rounds"

    private static func load(
        _ row: PostgresRow, of request: RequestID, in transaction: PostgresTransaction
    ) async throws -> RoundRecord {
        let key: [PostgresParameter] = [.digest(request), .int(try row.value("round"))]
        let commitments = try await transaction.query(
            "SELECT document FROM commitments WHERE request = $1 AND round = $2 ORDER BY node", key)
        let votes = try await transaction.query(
            "SELECT document FROM votes WHERE request = $1 AND round = $2 ORDER BY node", key)
        return RoundRecord(
            committee: try row.document("committee", of: "rounds"),
            commitDeadline: try row.timestamp("commit_deadline"),
            setRoot: try row.digestIfAny("set_root"), voteDeadline: try row.timestampIfAny("vote_deadline"),
            commitments: try commitments.map { try $0.document("document", of: "commitments") },
            votes: try votes.map { try $0.document("document", of: "votes") })
    }
}
