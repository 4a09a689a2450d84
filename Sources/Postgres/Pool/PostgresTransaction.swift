/// How much of others' work a transaction sees (PostgreSQL's manual, chapter 13).
public enum IsolationLevel: String, Sendable {
    /// Each statement sees what was committed before it.
    case readCommitted = "READ COMMITTED"
    /// All statements see one snapshot.
    case repeatableRead = "REPEATABLE READ"
    /// As if transactions ran one after another; be ready to run them again.
    case serializable = "SERIALIZABLE"
}

/// An open transaction. Valid only inside the body it was handed to.
public struct PostgresTransaction: Sendable {
    let connection: PostgresConnection

    /// Runs one statement with `$1`, `$2`, … and gives its rows.
    @discardableResult
    public func query(
        _ sql: String, _ parameters: [PostgresParameter] = [], timeout: Duration? = nil
    ) async throws(PostgresError) -> PostgresRows {
        try await connection.query(sql, parameters, timeout: timeout)
    }

    /// Sends a notification when the transaction commits. The payload stays under 8000 bytes.
    public func notify(_ channel: String, _ payload: String = "") async throws(PostgresError) {
        try await connection.query("SELECT pg_notify($1::text, $2::text)", [.text(channel), .text(payload)])
    }
}

extension PostgresConnection {
    /// Runs the body between BEGIN and COMMIT; ROLLBACK when it throws.
    @discardableResult
    public nonisolated func withTransaction<Value: Sendable>(
        isolation: IsolationLevel = .readCommitted,
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        let began = ContinuousClock.now
        var committed = false
        defer { configuration.observer?.transaction(.now - began, committed) }
        try await queryUninterrupted("BEGIN ISOLATION LEVEL \(isolation.rawValue)")
        let value: Value
        do {
            value = try await body(PostgresTransaction(connection: self))
        } catch {
            // A connection too broken to roll back is rolled back by the server, and dropped by the pool.
            _ = try? await queryUninterrupted("ROLLBACK")
            throw error
        }
        try await commit()
        committed = true
        return value
    }

    private nonisolated func commit() async throws(PostgresError) {
        let outcome: PostgresRows
        do {
            outcome = try await queryUninterrupted("COMMIT")
        } catch .connectionLost, .deadlineExceeded {
            throw .commitOutcomeUnknown
        }
        // "COMMIT" of a failed transaction answers "ROLLBACK", and no error.
        guard outcome.command == "COMMIT" else { throw .transactionAborted }
    }
}
