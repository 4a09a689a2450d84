public import DNAProtocol
import Postgres

extension RequestStore {
    /// Everything that was recorded against nodes and signers for a request; nil when nobody has asked it.
    public func misbehaviour(of id: RequestID) async throws -> MisbehaviourReport? {
        try await MisbehaviourRows.report(of: id, in: pool)
    }
}

extension AggregatorStore {
    /// Everything that was recorded against nodes and signers for a request; nil when nobody has asked it.
    public func misbehaviour(of id: RequestID) async throws -> MisbehaviourReport? {
        try await MisbehaviourRows.report(of: id, in: pool)
    }
}

enum MisbehaviourRows {
    static func report(of id: RequestID, in pool: PostgresPool) async throws -> MisbehaviourReport? {
        let rows = try await pool.query(
            """
            SELECT n.id AS network, d.document AS decision FROM network n
                JOIN requests q ON q.id = $1 LEFT JOIN decisions d ON d.request = q.id
            """, [.digest(id)])
        guard let row = try rows.oneOrNone() else { return nil }
        return MisbehaviourReport(
            network: NetworkID(try row.digest("network")), request: id,
            decision: try row.documentIfAny("decision", of: "decisions"),
            contradictions: try await contradictions(of: id, in: pool), faults: try await faults(of: id, in: pool))
    }

    private static func contradictions(of id: RequestID, in pool: PostgresPool) async throws -> [Contradiction] {
        let rows = try await pool.query(
            "SELECT kind, first, second FROM contradictions WHERE request = $1 ORDER BY round, node, kind",
            [.digest(id)])
        return try rows.map { row in
            let table = "contradictions"
            switch Contradiction.Kind(rawValue: try row.value("kind")) {
            case .commitments:
                return .commitments(try row.document("first", of: table), try row.document("second", of: table))
            case .votes: return .votes(try row.document("first", of: table), try row.document("second", of: table))
            case .reveal: return .reveal(try row.document("first", of: table), try row.document("second", of: table))
            case nil: throw PostgresError.decoding(column: "kind", .malformed)
            }
        }
    }

    private static func faults(of id: RequestID, in pool: PostgresPool) async throws -> [Fault] {
        let rows = try await pool.query(
            """
            SELECT kind, round, node, signer, statement, recorded_at FROM faults WHERE request = $1
            ORDER BY round, recorded_at, node, signer, kind
            """, [.digest(id)])
        return try rows.map { row in
            guard let kind = Fault.Kind(rawValue: try row.value("kind")) else {
                throw PostgresError.decoding(column: "kind", .malformed)
            }
            return Fault(
                kind: kind, round: try row.value("round"), node: try row.keyIfAny("node"),
                signer: try row.optional("signer"), recordedAt: try row.timestamp("recorded_at"),
                statement: try row.documentIfAny("statement", of: "faults"))
        }
    }
}
