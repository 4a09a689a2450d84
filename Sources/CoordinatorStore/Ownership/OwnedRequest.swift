public import Canonical
public import Cryptography
public import DNAProtocol
import Postgres

/// A request in the hands of its owner, inside one transaction: what is read here is still so when it commits.
public struct OwnedRequest: Sendable {
    /// The lease that was found valid.
    public let lease: Lease
    /// Where the request stands at the transaction's beginning.
    public let state: RequestState
    /// How often it was asked after a failure, from 1.
    public let attempt: Int
    /// When it expires if it has not ended.
    public let expiresAt: Timestamp
    /// The newest roster epoch's id; nil before any was registered.
    public let newestRosterID: RosterID?
    let transaction: PostgresTransaction

    init(_ lease: Lease, _ row: PostgresRow, _ transaction: PostgresTransaction) throws {
        self.lease = lease
        self.transaction = transaction
        guard let state = RequestState(rawValue: try row.value("state")) else {
            throw PostgresError.decoding(column: "state", .malformed)
        }
        self.state = state
        attempt = try row.value("attempt")
        expiresAt = try row.timestamp("expires_at")
        newestRosterID = try row.digestIfAny("newest_roster").map { RosterID($0) }
    }

    private var id: PostgresParameter { .digest(lease.request) }

    /// The latest round, which nothing joins until the transaction ends; nil before the first.
    public func latestRound() async throws -> RoundRecord? {
        try await RoundRecord.latestLocked(of: lease.request, in: transaction)
    }

    /// A round; nil when there is none of this number.
    public func round(_ number: Int) async throws -> RoundRecord? {
        try await RoundRecord.find(number, of: lease.request, in: transaction)
    }

    /// A roster epoch; nil for one that was never registered.
    public func roster(_ id: RosterID) async throws -> SignedRoster? {
        let rows = try await transaction.query("SELECT document FROM rosters WHERE id = $1", [.digest(id)])
        return try rows.oneOrNone()?.document("document", of: "rosters")
    }

    /// The nodes that serve a model and were heard from within so many seconds.
    public func availableNodes(serving model: ModelID, within seconds: Int) async throws -> Set<Ed25519.PublicKey> {
        let rows = try await transaction.query(
            "SELECT key FROM nodes WHERE last_seen > now() - make_interval(secs => $2) AND $1 = ANY (models)",
            [.digest(model), .int(seconds)])
        return Set(try rows.map { try $0.key("key") })
    }

    /// `accepted` → `seeded`.
    public func seed(_ seed: Seed) async throws {
        try await transaction.query(
            "UPDATE requests SET state = 'seeded', seed = $2 WHERE id = $1", [id, .digest(seed.digest)])
    }

    /// Opens a round and gives its members their work: → `assigned`, or on in `assigned`.
    public func openRound(_ committee: Committee, commitDeadline: Timestamp) async throws {
        try await transaction.query(
            """
            INSERT INTO rounds (request, round, roster, committee, commit_deadline)
            VALUES ($1, $2::int8::int4, $3, $4, $5)
            """,
            [
                id, .int(committee.round), .digest(committee.roster), try .document(committee),
                .timestamp(commitDeadline),
            ])
        try await transaction.query(
            """
            INSERT INTO assignments (request, round, node, rank)
            SELECT $1, $2::int8::int4, node, rank FROM unnest($3::bytea[], $4::int8[]) AS members (node, rank)
            """,
            [
                id, .int(committee.round), .byteStrings(committee.members.map(\.node.bytes)),
                .ints(committee.members.map(\.rank)),
            ])
        try await enter(.assigned)
    }

    /// Closes a round's set, whose commitments are those of ``latestRound()``: `assigned` → `voting`.
    public func closeSet(of round: Int, root: Digest, voteDeadline: Timestamp) async throws {
        try await transaction.query(
            "UPDATE rounds SET set_root = $3, vote_deadline = $4 WHERE request = $1 AND round = $2",
            [id, .int(round), .digest(root), .timestamp(voteDeadline)])
        try await enter(.voting)
    }

    /// Writes down the one decision: `voting` → `decided`.
    public func decide(_ decision: Decision) async throws {
        try await transaction.query(
            "INSERT INTO decisions (request, round, id, document) VALUES ($1, $2::int8::int4, $3, $4)",
            [id, .int(decision.round), .digest(try decision.decisionID()), try .document(decision)])
        try await enter(.decided)
    }

    /// The decision that was written down; nil before there is one.
    public func decision() async throws -> Decision? {
        let rows = try await transaction.query("SELECT document FROM decisions WHERE request = $1", [id])
        return try rows.oneOrNone()?.document("document", of: "decisions")
    }

    /// The answer of a decision, as it came with the votes; nil when there is none.
    public func answer(of decision: Decision) async throws -> (prompt: Prompt, output: Output)? {
        let rows = try await transaction.query(
            """
            SELECT prompt_document, output_document FROM outputs WHERE request = $1 AND prompt = $2 AND output = $3
            """, [id, .digest(decision.prompt), .digest(decision.output)])
        guard let row = try rows.oneOrNone() else { return nil }
        return (
            try row.document("prompt_document", of: "outputs"), try row.document("output_document", of: "outputs")
        )
    }

    /// Writes the certificate with its evidence: `decided` → `certified`. The lease ends.
    public func certify(_ bundle: Bundle) async throws {
        try await transaction.query(
            "INSERT INTO certificates (request, bundle) VALUES ($1, $2)", [id, try .document(bundle)])
        try await end(.certified)
    }

    /// Ends the request without an answer. The lease ends.
    public func fail(_ reason: String) async throws { try await end(.failed, reason: reason) }

    /// Ends the request because its time is over. The lease ends.
    public func expire() async throws { try await end(.expired) }

    private func enter(_ state: RequestState) async throws {
        try await transaction.query(
            "UPDATE requests SET state = $2 WHERE id = $1", [id, .text(state.rawValue)])
    }

    private func end(_ state: RequestState, reason: String? = nil) async throws {
        try await transaction.query(
            """
            UPDATE requests SET state = $2, reason = $3, lease_owner = NULL, lease_until = NULL WHERE id = $1
            """, [id, .text(state.rawValue), .optional(reason, PostgresParameter.text)])
    }
}
