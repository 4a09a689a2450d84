public import DNAProtocol
import Postgres

/// The network a database belongs to.
public struct NetworkRecord: Hashable, Sendable {
    /// Its id.
    public let id: NetworkID
    /// Its genesis.
    public let genesis: Genesis
    /// What verifiers need; nil until the signers have a group key.
    public let file: NetworkFile?

    static func find(in pool: PostgresPool) async throws -> NetworkRecord? {
        guard let row = try await pool.query("SELECT id, genesis, file FROM network").oneOrNone() else { return nil }
        return NetworkRecord(
            id: NetworkID(try row.digest("id")), genesis: try row.document("genesis", of: "network"),
            file: try row.documentIfAny("file", of: "network"))
    }
}
