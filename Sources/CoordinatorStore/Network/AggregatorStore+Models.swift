public import DNAProtocol
import Postgres

// What is served: models this replica was started with, and those that administrators registered.
extension AggregatorStore {
    /// Makes a model known, validated by the caller.
    public func register(_ model: PublishedModel) async throws {
        try await pool.query(Self.insertion, try Self.parameters(model))
    }

    private static let insertion =
        "INSERT INTO models (id, name, manifest, root) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"

    private static func parameters(_ model: PublishedModel) throws -> [PostgresParameter] {
        [.digest(model.id), .text(model.manifest.name), try .document(model.manifest), .bytes(model.root.bytes)]
    }

    /// Takes the administrators' word on a model, validated by the caller. The same word twice changes nothing. Throws
    /// ``StoreError/registrationRefused`` when a later one on the model or on the alias is there.
    public func register(_ registered: RegisteredModel) async throws {
        let (model, body) = (registered.model, registered.registration.body)
        let document = try PostgresParameter.document(registered.registration)
        try await pool.withTransaction { transaction in
            // Serialises registrations, so that model and alias change together.
            try await transaction.query("SELECT FROM network FOR UPDATE")
            try await transaction.query(Self.insertion, try Self.parameters(model))
            let rows = try await transaction.query(
                """
                INSERT INTO model_registrations (model, said_at, document, withdrawn) VALUES ($1, $2, $3, $4)
                ON CONFLICT (model) DO UPDATE
                    SET said_at = excluded.said_at, document = excluded.document, withdrawn = excluded.withdrawn
                    WHERE model_registrations.said_at < excluded.said_at
                        OR model_registrations.document::text = excluded.document::text
                """, [.digest(model.id), .timestamp(body.at), document, .bool(body.withdrawn == true)])
            guard rows.affectedCount == 1 else { throw StoreError.registrationRefused }
            if body.withdrawn == true { try await Self.withdrawAliases(of: model.id, body.at, document, transaction) }
            guard let alias = body.alias else { return }
            let named = try await transaction.query(
                """
                INSERT INTO model_aliases (alias, model, said_at, document) VALUES ($1, $2, $3, $4)
                ON CONFLICT (alias) DO UPDATE
                    SET model = excluded.model, said_at = excluded.said_at, document = excluded.document,
                        withdrawn = false
                    WHERE model_aliases.said_at < excluded.said_at
                        OR model_aliases.document::text = excluded.document::text
                """, [.text(alias), .digest(model.id), .timestamp(body.at), document])
            guard named.affectedCount == 1 else { throw StoreError.registrationRefused }
        }
    }

    private static func withdrawAliases(
        of model: ModelID, _ time: Timestamp, _ document: PostgresParameter, _ transaction: PostgresTransaction
    ) async throws {
        try await transaction.query(
            """
            UPDATE model_aliases SET said_at = $2, document = $3, withdrawn = true WHERE model = $1 AND NOT withdrawn
            """, [.digest(model), .timestamp(time), document])
    }

    /// A model, also one that was withdrawn, for the requests that came before; nil for one that was never registered.
    public func model(_ id: ModelID) async throws -> PublishedModel? {
        let rows = try await pool.query(
            "SELECT root, manifest FROM models WHERE id = $1 AND root IS NOT NULL", [.digest(id)])
        return try rows.oneOrNone().map { try PublishedModel($0) }
    }

    /// The models that administrators registered and did not withdraw, by id.
    public func registeredModels() async throws -> [RegisteredModel] {
        let rows = try await pool.query(
            """
            SELECT m.root, m.manifest, r.document FROM model_registrations r JOIN models m ON m.id = r.model
            WHERE NOT r.withdrawn ORDER BY m.id
            """)
        return try rows.map {
            RegisteredModel(
                registration: try $0.document("document", of: "model_registrations"), model: try PublishedModel($0))
        }
    }
}
