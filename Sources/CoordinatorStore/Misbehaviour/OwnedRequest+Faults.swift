public import DNAProtocol
import Postgres

extension OwnedRequest {
    /// Records every member of a round's set that has not voted, with the commitment it made; but for those that
    /// contradicted themselves, whose votes are not taken.
    public func blameSilent(in round: RoundRecord) async throws {
        let heard = round.contradicted.union(round.votes.map(\.body.node))
        for commitment in round.commitments where !heard.contains(commitment.body.node) {
            let statement: PostgresParameter = try .document(Fault.Statement.commitment(commitment))
            try await transaction.query(
                """
                INSERT INTO faults (request, round, node, kind, statement)
                VALUES ($1, $2::int8::int4, $3, $4, $5) ON CONFLICT DO NOTHING
                """,
                [
                    .digest(lease.request), .int(round.number), .key(commitment.body.node),
                    .text(Fault.Kind.commitmentWithoutReveal.rawValue), statement,
                ])
        }
    }

    /// Records what a signer did wrong with the decision of `round`: one row for a signer and kind.
    public func record(
        _ kind: Fault.Kind, ofSigner signer: Int, round: Int, statement: Fault.Statement? = nil
    ) async throws {
        try await transaction.query(
            """
            INSERT INTO faults (request, round, signer, kind, statement)
            VALUES ($1, $2::int8::int4, $3::int8::int4, $4, $5) ON CONFLICT DO NOTHING
            """,
            [
                .digest(lease.request), .int(round), .int(signer), .text(kind.rawValue),
                try statement.map { try PostgresParameter.document($0) } ?? .null,
            ])
    }

    /// The signers whose shares for this request did not verify.
    public func badSigners() async throws -> Set<Int> {
        let rows = try await transaction.query(
            "SELECT signer FROM faults WHERE request = $1 AND kind = $2",
            [.digest(lease.request), .text(Fault.Kind.badSignatureShare.rawValue)])
        return Set(try rows.map { try $0.value("signer") })
    }
}
