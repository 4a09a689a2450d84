public import DNAProtocol
import Postgres

/// A model the network serves.
public struct ModelRecord: Hashable, Sendable {
    /// Its id.
    public let id: ModelID
    /// What its constructor published.
    public let manifest: Manifest
    /// When an aggregator first registered it.
    public let registeredAt: Timestamp

    init(_ row: PostgresRow) throws {
        id = ModelID(try row.digest("id"))
        manifest = try row.document("manifest", of: "models")
        registeredAt = try row.timestamp("registered_at")
    }

    static let columns = "id, manifest, registered_at"
}
