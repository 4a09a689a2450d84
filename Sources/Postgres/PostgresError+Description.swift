extension PostgresError: CustomStringConvertible {
    /// One line for a log.
    public var description: String {
        switch self {
        case .configurationInvalid: "the database's connection settings are invalid"
        case .resourceUnavailable(let what): "no \(what) for a database connection"
        case .hostNotFound: "the database's host name does not resolve"
        case .connectFailed(let sqlState?): "the database refused the session (\(sqlState))"
        case .connectFailed(nil): "the database cannot be reached"
        case .connectionLost: "the database connection was lost"
        case .commitOutcomeUnknown: "the database connection was lost during COMMIT; its outcome is unknown"
        case .transactionAborted: "the transaction was rolled back because a statement in it had failed"
        case .deadlineExceeded: "the database did not answer in time"
        case .cancelled: "the database statement was cancelled"
        case .poolTimedOut: "no database connection came free in time"
        case .poolOverloaded: "too many tasks wait for a database connection"
        case .poolClosed: "the database pool is closed"
        case .server(let failure): failure.description
        case .parameterInvalid(let index): "parameter $\(index) holds a zero character"
        case .resultUnsupported: "the statement's kind of result is not supported"
        case .decoding(let column, let failure): "column \(column): \(failure)"
        case .rowCountUnexpected(let count): "the query gave \(count) rows"
        case .migration(let failure): failure.description
        }
    }
}

extension ServerFailure: CustomStringConvertible {
    /// The code and the names of schema objects; never data.
    public var description: String {
        var text = "the database refused the statement (\(sqlState))"
        if let message { text += ": \(message)" }
        if let constraint { text += ", constraint \(constraint)" }
        if let table { text += ", table \(table)" }
        if let column { text += ", column \(column)" }
        return text
    }
}

extension DecodingFailure: CustomStringConvertible {
    /// One phrase.
    public var description: String {
        switch self {
        case .columnMissing: "not in the result"
        case .null: "unexpected NULL"
        case .typeMismatch(let oid, let expected): "type \(oid) where \(expected) was expected"
        case .malformed: "malformed value"
        }
    }
}

extension MigrationFailure: CustomStringConvertible {
    /// One phrase.
    public var description: String {
        switch self {
        case .changed(let version): "migration \(version) was changed after it had been applied"
        case .unknown(let version): "the database has migration \(version), which this program does not know"
        case .endedTransaction(let version): "migration \(version) ended its own transaction"
        case .failed(let version, let failure): "migration \(version) failed: \(failure)"
        }
    }
}
