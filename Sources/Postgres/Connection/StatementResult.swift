import CPQ

/// Owns one `PGresult`.
final class StatementResult {
    private let pointer: OpaquePointer

    init(pointer: OpaquePointer) { self.pointer = pointer }

    deinit { PQclear(pointer) }

    /// What the server refused, nil if it did not.
    var failure: ServerFailure? {
        switch PQresultStatus(pointer) {
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE: break
        default: return nil
        }
        // A failure without a code is libpq's own, of the connection.
        let state = SQLState(field("C") ?? "08000")
        return ServerFailure(
            sqlState: state, message: state.messageQuotesData ? nil : field("M"), constraint: field("n"),
            table: field("t"), column: field("c"))
    }

    /// The rows, copied out.
    func rows() -> PostgresRows {
        let columnCount = PQnfields(pointer)
        let rowCount = PQntuples(pointer)
        var columns: [String: Int] = [:]
        for column in 0..<columnCount { columns[String(cString: PQfname(pointer, column))] = Int(column) }
        var bytes: [UInt8] = []
        var cells: [Range<Int>?] = []
        cells.reserveCapacity(Int(rowCount) * Int(columnCount))
        for row in 0..<rowCount {
            for column in 0..<columnCount { cells.append(copyCell(row, column, into: &bytes)) }
        }
        let storage = PostgresRows.Storage(
            columns: columns, types: (0..<columnCount).map { PQftype(pointer, $0) }, bytes: bytes, cells: cells)
        return PostgresRows(
            storage: storage, count: Int(rowCount), affectedCount: Int(String(cString: PQcmdTuples(pointer))) ?? 0,
            command: String(cString: PQcmdStatus(pointer)))
    }

    private func copyCell(_ row: Int32, _ column: Int32, into bytes: inout [UInt8]) -> Range<Int>? {
        guard PQgetisnull(pointer, row, column) == 0, let value = PQgetvalue(pointer, row, column) else { return nil }
        let start = bytes.count
        let length = Int(PQgetlength(pointer, row, column))
        bytes.append(contentsOf: UnsafeRawBufferPointer(start: value, count: length))
        return start..<bytes.count
    }

    /// An error field by its code letter (the manual's "Error and Notice Message Fields").
    private func field(_ letter: Unicode.Scalar) -> String? {
        PQresultErrorField(pointer, Int32(letter.value)).map { String(cString: $0) }
    }
}
