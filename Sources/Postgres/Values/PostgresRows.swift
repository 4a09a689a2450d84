/// A statement's result: its rows in order, and how many rows it touched.
public struct PostgresRows: Sendable, RandomAccessCollection {
    final class Storage: Sendable {
        let columns: [String: Int]
        let types: [UInt32]
        let bytes: [UInt8]
        /// Row-major; nil is NULL.
        let cells: [Range<Int>?]

        init(columns: [String: Int], types: [UInt32], bytes: [UInt8], cells: [Range<Int>?]) {
            self.columns = columns
            self.types = types
            self.bytes = bytes
            self.cells = cells
        }
    }

    let storage: Storage
    /// The number of rows.
    public let count: Int
    /// How many rows an INSERT, UPDATE, DELETE or SELECT touched; 0 for other statements.
    public let affectedCount: Int
    /// The command the server says it ran, such as `COMMIT`.
    let command: String

    /// Always 0.
    public var startIndex: Int { 0 }
    /// The number of rows.
    public var endIndex: Int { count }

    /// The row at a position.
    public subscript(position: Int) -> PostgresRow {
        precondition(position >= 0 && position < count)
        return PostgresRow(storage: storage, index: position)
    }

    /// The only row; throws `rowCountUnexpected` if there is not exactly one.
    public func one() throws(PostgresError) -> PostgresRow {
        guard count == 1 else { throw .rowCountUnexpected(count) }
        return self[0]
    }

    /// The only row, or nil without any; throws `rowCountUnexpected` for several.
    public func oneOrNone() throws(PostgresError) -> PostgresRow? {
        guard count <= 1 else { throw .rowCountUnexpected(count) }
        return first
    }
}

/// One row of a result.
public struct PostgresRow: Sendable {
    let storage: PostgresRows.Storage
    let index: Int

    /// A column's value; NULL is an error that names the column.
    public func value<Value: PostgresDecodable>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        guard let value = try optional(column, as: type) else { throw .decoding(column: column, .null) }
        return value
    }

    /// A column's value, nil for NULL.
    public func optional<Value: PostgresDecodable>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value? {
        guard let position = storage.columns[column] else { throw .decoding(column: column, .columnMissing) }
        guard let range = storage.cells[index * storage.types.count + position] else { return nil }
        do {
            return try Value.decode(storage.bytes[range], type: storage.types[position])
        } catch {
            throw .decoding(column: column, error)
        }
    }
}
