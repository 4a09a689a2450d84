/// One numbered step of a schema. Once released, its text never changes.
public struct Migration: Sendable, Hashable {
    /// 1, 2, 3, … without gaps.
    public let version: Int
    /// A few words for people.
    public let name: String
    /// Statements, run in one transaction; they must not end it.
    public let sql: String

    /// A step of a schema.
    public init(version: Int, name: String, sql: String) {
        self.version = version
        self.name = name
        self.sql = sql
    }
}

/// Brings a database's schema up to date; any number of processes may try at once.
public struct Migrator: Sendable {
    private let migrations: [Migration]

    /// Any number of programs may share a database, each kind of schema under its own lock and table; this is ours.
    private static let lockKey = 7_236_120_445_118_903
    /// The longest a migration, or waiting for another process's, may take.
    private static let timeout: Duration = .seconds(600)

    /// Migrations numbered 1, 2, 3, … in order.
    public init(_ migrations: [Migration]) {
        precondition(
            migrations.map(\.version) == migrations.indices.map { $0 + 1 }, "migrations must be numbered 1, 2, …")
        self.migrations = migrations
    }

    /// Applies what is missing, each migration in its own transaction, and gives the versions it applied. Refuses a
    /// database whose applied migrations differ from these, or go beyond them.
    @discardableResult
    public func migrate(_ configuration: PostgresConfiguration) async throws(PostgresError) -> [Int] {
        var patient = configuration
        patient.statementTimeout = Self.timeout
        patient.lockTimeout = Self.timeout
        let connection = try await PostgresConnection.connect(patient)
        // The session ends with the connection, and the lock with the session, whatever happens in between.
        do {
            try await connection.query("SELECT pg_advisory_lock($1)", [.int(Self.lockKey)])
            let applied = try await applyMissing(connection)
            await connection.close()
            return applied
        } catch {
            await connection.close()
            throw error
        }
    }

    private func applyMissing(_ connection: PostgresConnection) async throws(PostgresError) -> [Int] {
        try await connection.query(
            """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                version int8 PRIMARY KEY,
                name text NOT NULL,
                checksum bytea NOT NULL CHECK (length(checksum) = 32),
                applied_at timestamptz NOT NULL DEFAULT now()
            )
            """)
        let known = try await connection.query("SELECT version, name, checksum FROM schema_migrations ORDER BY version")
        for row in known { try await check(row, connection) }
        var applied: [Int] = []
        for migration in migrations.dropFirst(known.count) {
            try await apply(migration, connection)
            applied.append(migration.version)
        }
        return applied
    }

    private func check(_ row: PostgresRow, _ connection: PostgresConnection) async throws(PostgresError) {
        let version = try row.value("version", as: Int.self)
        guard migrations.indices.contains(version - 1) else { throw .migration(.unknown(version: version)) }
        let migration = migrations[version - 1]
        let checksum = try row.value("checksum", as: [UInt8].self)
        let same = try await connection.query(
            "SELECT sha256(convert_to($1::text, 'UTF8')) = $2 AS same", [.text(migration.sql), .bytes(checksum)])
        guard try same.one().value("same", as: Bool.self), try row.value("name", as: String.self) == migration.name
        else {
            throw .migration(.changed(version: version))
        }
    }

    private func apply(_ migration: Migration, _ connection: PostgresConnection) async throws(PostgresError) {
        try await connection.queryUninterrupted("BEGIN")
        do {
            try await connection.runScript(migration.sql)
        } catch .server(let failure) {
            throw .migration(.failed(version: migration.version, failure))
        }
        guard await connection.isInTransaction() else {
            throw .migration(.endedTransaction(version: migration.version))
        }
        try await connection.query(
            """
            INSERT INTO schema_migrations (version, name, checksum)
            VALUES ($1, $2, sha256(convert_to($3::text, 'UTF8')))
            """, [.int(migration.version), .text(migration.name), .text(migration.sql)])
        try await connection.queryUninterrupted("COMMIT")
    }
}
