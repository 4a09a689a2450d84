public import DNAProtocol
import Postgres

/// A model the network serves.
public struct ModelRecord: Hashable, Sendable {
    /// The model.
    public let model: PublishedModel
    /// When an aggregator first registered it.
    public let registeredAt: Timestamp
    /// The names that administrators gave it, ascending.
    public let aliases: [String]
    /// The administrators' words behind the aliases, in their order; or the one without an alias, if that is all there is.
    public let registrations: [ModelRegistration]

    init(_ row: PostgresRow) throws {
        model = try PublishedModel(row)
        registeredAt = try row.timestamp("registered_at")
        let named: [ModelRegistration] = try row.document("named", of: "model_aliases")
        aliases = named.compactMap(\.body.alias)
        let latest: ModelRegistration? = try row.documentIfAny("latest", of: "model_registrations")
        registrations = named.isEmpty ? [latest].compactMap(\.self) : named
    }

    /// Its id.
    public var id: ModelID { model.id }
    /// What its constructor published.
    public var manifest: Manifest { model.manifest }

    /// Of `models` as `m`.
    static let columns = """
        m.root, m.manifest, m.registered_at,
        coalesce(
            (SELECT json_agg(a.document ORDER BY a.alias)
                FROM model_aliases a WHERE a.model = m.id AND NOT a.withdrawn), '[]'
        ) AS named,
        (SELECT r.document FROM model_registrations r WHERE r.model = m.id) AS latest
        """
}

extension PublishedModel {
    /// Reads `root` and `manifest`, and checks that they belong together.
    init(_ row: PostgresRow) throws {
        do {
            try self.init(
                root: PackageRoot(bytes: try row.value("root")), manifest: try row.document("manifest", of: "models"))
        } catch is InvalidField {
            throw StoreError.documentInvalid(table: "models")
        }
    }
}
