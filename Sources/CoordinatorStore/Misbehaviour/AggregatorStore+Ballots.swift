public import DNAProtocol
import Postgres

// What nodes say. The ordinary case is one statement; whatever it does not take is looked at again in a transaction, so
// that no constraint has to refuse what a node may do, also when two replicas hear two things of one node at once.
extension AggregatorStore {
    /// Keeps a commitment that the caller has checked against its round.
    ///
    /// - Parameter now: what a deadline is held against; the database's time when nil.
    public func add(_ commitment: Commitment, now: Timestamp? = nil) async throws -> Admission {
        let body = commitment.body
        do {
            let rows = try await pool.query(
                """
                INSERT INTO commitments (request, round, node, document)
                SELECT r.request, r.round, $3, $4 FROM rounds r
                WHERE r.request = $1 AND r.round = $2 AND r.set_root IS NULL
                    AND NOT EXISTS (SELECT FROM rounds WHERE request = $1 AND round > $2)
                    AND NOT EXISTS (SELECT FROM contradictions WHERE request = $1 AND node = $3)
                FOR SHARE OF r
                ON CONFLICT DO NOTHING
                """, [.digest(body.request), .int(body.round), .key(body.node), try .document(commitment)])
            if rows.affectedCount == 1 { return .recorded }
        } catch PostgresError.server(let failure) where failure.constraint == "commitments_in_time" {
            // Another round began between the statement's look and the trigger's.
        }
        return try await judge(commitment, now: now)
    }

    /// Holds a signed commitment that is not taken against what its node has said before, and records what it did wrong.
    public func judge(_ commitment: Commitment, now: Timestamp? = nil) async throws -> Admission {
        try await pool.withTransaction { transaction in
            guard let node = try await NodePlace.find(commitment.place, now: now, in: transaction) else {
                return .closed
            }
            if let known = try await node.commitment() {
                if known.commitment.body == commitment.body { return known.isLate ? .late : .repeated }
                try await node.record(.commitments(known.commitment, commitment))
                return .contradiction
            }
            if try await node.hasContradictedItself() { return .contradiction }
            guard node.isCommittingOver else { return .closed }
            try await node.record(.lateCommitment, .commitment(commitment))
            return .late
        }
    }

    /// Keeps a vote that the caller has checked against its round, with its answer. A late one is kept as well; it counts
    /// as long as the round is not over.
    ///
    /// - Parameter now: what a deadline is held against; the database's time when nil.
    public func add(_ submission: VoteSubmission, now: Timestamp? = nil) async throws -> Admission {
        let vote = submission.vote
        let parameters: [PostgresParameter] = [
            .digest(vote.body.request), .int(vote.body.round), .key(vote.body.node), try .document(vote),
            .digest(vote.body.prompt), .digest(vote.body.output), try .document(submission.prompt),
            try .document(submission.output), .optional(now, PostgresParameter.timestamp),
            .text(Fault.Kind.lateReveal.rawValue), try .document(Fault.Statement.vote(vote)),
            .text(Fault.Kind.mismatchedReveal.rawValue),
        ]
        // A node that has voted cannot fill the table with answers. One that has signed another vote, which fitted nothing,
        // is judged: the order in which the two came makes no difference.
        let rows = try await pool.query(
            """
            WITH place AS (
                SELECT r.request, r.round, r.vote_deadline <= coalesce($9, now()) AS is_late FROM rounds r
                WHERE r.request = $1 AND r.round = $2 AND r.set_root IS NOT NULL
                    AND NOT EXISTS (SELECT FROM contradictions WHERE request = $1 AND node = $3)
                    AND NOT EXISTS (SELECT FROM votes WHERE request = $1 AND round = $2 AND node = $3)
                    AND NOT EXISTS (
                        SELECT FROM faults WHERE request = $1 AND round = $2 AND node = $3 AND kind = $12)
            ), answer AS (
                INSERT INTO outputs (request, prompt, output, prompt_document, output_document)
                SELECT $1, $5, $6, $7, $8 FROM place ON CONFLICT DO NOTHING
            ), cast_vote AS (
                INSERT INTO votes (request, round, node, document, prompt, output)
                SELECT request, round, $3, $4, $5, $6 FROM place ON CONFLICT DO NOTHING RETURNING node
            ), fault AS (
                INSERT INTO faults (request, round, node, kind, statement)
                SELECT request, round, node, $10, $11 FROM place, cast_vote WHERE is_late ON CONFLICT DO NOTHING
            )
            SELECT is_late FROM place, cast_vote
            """, parameters)
        if let row = rows.first { return try row.value("is_late") ? .late : .recorded }
        return try await judge(vote, now: now)
    }

    /// Holds a signed vote that is not taken, or that does not fit its round, against what its node has said before, and
    /// records what it did wrong.
    ///
    /// - Parameter isMismatched: the caller found that it does not fit the node's commitment or the round's set.
    public func judge(
        _ vote: Vote, isMismatched: Bool = false, now: Timestamp? = nil
    ) async throws -> Admission {
        try await pool.withTransaction { transaction in
            guard let node = try await NodePlace.find(vote.place, now: now, in: transaction) else { return .closed }
            if let known = try await node.vote() {
                if known.vote.saysTheSame(as: vote) { return known.isMismatched ? .contradiction : .repeated }
                try await node.record(.votes(known.vote, vote))
                return .contradiction
            }
            guard isMismatched else { return try await node.hasContradictedItself() ? .contradiction : .closed }
            try await node.record(.mismatchedReveal, .vote(vote))
            if let promise = try await node.commitment()?.commitment, try !vote.opens(promise) {
                try await node.record(.reveal(promise, vote))
            }
            return .contradiction
        }
    }
}
