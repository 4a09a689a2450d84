/// The names of a session's prepared statements, by text and parameter types.
struct StatementCache {
    private struct Key: Hashable {
        let sql: String
        let types: [UInt32]
    }

    /// Enough for every statement of a service; texts beyond it are sent whole.
    private static let limit = 256

    private var names: [Key: String] = [:]
    private var counter = 0

    func name(for sql: String, types: [UInt32]) -> String? { names[Key(sql: sql, types: types)] }

    /// An unused name, nil when the cache is full.
    mutating func freshName() -> String? {
        guard names.count < Self.limit else { return nil }
        counter += 1
        return "s\(counter)"
    }

    mutating func remember(_ name: String, for sql: String, types: [UInt32]) {
        names[Key(sql: sql, types: types)] = name
    }

    mutating func forget(_ sql: String, types: [UInt32]) { names[Key(sql: sql, types: types)] = nil }
}

extension SQLState {
    /// `feature_not_supported` (the cached plan's result type changed with the schema) and
    /// `invalid_sql_statement_name` (somebody ran DISCARD or DEALLOCATE).
    var marksStaleStatement: Bool { code == "0A000" || code == "26000" }
}
