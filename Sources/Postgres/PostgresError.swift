/// Everything that can go wrong between this process and PostgreSQL.
///
/// Descriptions never show statement arguments, rows or connection strings.
public enum PostgresError: Error, Sendable, Equatable {
    /// The connection string does not parse, or names an unknown setting.
    case configurationInvalid
    /// The system refused a thread or a descriptor.
    case resourceUnavailable(String)
    /// A host name did not resolve.
    case hostNotFound
    /// The server could not be reached, or refused the session; `sqlState` when the server said why.
    case connectFailed(sqlState: SQLState?)
    /// The session ended while it was needed. What a statement outside a transaction did is unknown.
    case connectionLost
    /// The session ended while COMMIT was on its way: the transaction may or may not have happened.
    case commitOutcomeUnknown
    /// COMMIT rolled back, because a statement had failed and the body ignored it.
    case transactionAborted
    /// The statement, or the connection attempt, did not finish in its time.
    case deadlineExceeded
    /// The calling task was cancelled.
    case cancelled
    /// No connection came free in time.
    case poolTimedOut
    /// Too many tasks wait for a connection already.
    case poolOverloaded
    /// The pool was closed.
    case poolClosed
    /// The server refused a statement.
    case server(ServerFailure)
    /// A text parameter holds U+0000, which PostgreSQL cannot store. The index counts from 1, as `$1` does.
    case parameterInvalid(index: Int)
    /// The result is of a kind this client does not read, such as COPY data.
    case resultUnsupported
    /// A row did not hold what the caller expected.
    case decoding(column: String, DecodingFailure)
    /// A query that promises exactly one row, or at most one, gave another number.
    case rowCountUnexpected(Int)
    /// The database's migrations do not fit this program's.
    case migration(MigrationFailure)

    /// Whether the same call may succeed if it is made again. For a statement outside a transaction, see
    /// `connectionLost`: repeat it only if it is idempotent.
    public var isRetryable: Bool {
        switch self {
        case .connectionLost, .poolTimedOut, .poolOverloaded, .resourceUnavailable, .hostNotFound, .deadlineExceeded:
            true
        case .connectFailed(let sqlState): sqlState.map(\.isTransientRefusal) ?? true
        case .server(let failure): failure.sqlState.isTransient
        case .configurationInvalid, .commitOutcomeUnknown, .transactionAborted, .cancelled, .poolClosed,
            .parameterInvalid, .resultUnsupported, .decoding, .rowCountUnexpected, .migration:
            false
        }
    }
}

/// Why a value could not be read from a row.
public enum DecodingFailure: Error, Sendable, Equatable {
    /// The result has no such column.
    case columnMissing
    /// NULL where a value was expected.
    case null
    /// The column's type (PostgreSQL's object id) is not one the Swift type reads.
    case typeMismatch(oid: UInt32, expected: String)
    /// The bytes are not a value of the type, or do not fit the Swift type.
    case malformed
}

/// Why migrations were refused.
public enum MigrationFailure: Error, Sendable, Equatable {
    /// A migration that was applied has another text or name in this program.
    case changed(version: Int)
    /// The database has a migration this program does not know: a newer program was here.
    case unknown(version: Int)
    /// A migration's script ended its own transaction.
    case endedTransaction(version: Int)
    /// A migration's script failed, and was rolled back.
    case failed(version: Int, ServerFailure)
}

/// What the server says about a statement it refused.
public struct ServerFailure: Error, Sendable, Equatable {
    /// The error's code.
    public let sqlState: SQLState
    /// The server's words, where they cannot quote data: see `SQLState.messageQuotesData`.
    public let message: String?
    /// The violated constraint's name.
    public let constraint: String?
    /// The table's name.
    public let table: String?
    /// The column's name.
    public let column: String?
}

/// A five-character SQLSTATE code (PostgreSQL's manual, appendix A).
public struct SQLState: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// The code, such as `23505`.
    public let code: String

    /// A code as the server wrote it.
    public init(_ code: String) { self.code = code }

    /// A code in the source.
    public init(stringLiteral value: String) { code = value }

    /// The code itself.
    public var description: String { code }

    /// `unique_violation`.
    public static let uniqueViolation: SQLState = "23505"
    /// `check_violation`.
    public static let checkViolation: SQLState = "23514"
    /// `foreign_key_violation`.
    public static let foreignKeyViolation: SQLState = "23503"
    /// `not_null_violation`.
    public static let notNullViolation: SQLState = "23502"
    /// `serialization_failure`.
    public static let serializationFailure: SQLState = "40001"
    /// `deadlock_detected`.
    public static let deadlockDetected: SQLState = "40P01"
    /// `lock_not_available`: also what `lock_timeout` gives.
    public static let lockNotAvailable: SQLState = "55P03"
    /// `insufficient_privilege`.
    public static let insufficientPrivilege: SQLState = "42501"
    /// `query_canceled`.
    static let queryCanceled: SQLState = "57014"

    /// The code's class, its first two characters.
    public var category: Substring { code.prefix(2) }

    /// Whether the same statement may succeed later: conflicts, locks, shortage, a server coming or going.
    public var isTransient: Bool {
        switch category {
        case "08", "40", "53": true
        case "57": code != "57014" && code != "57P04"
        default: self == .lockNotAvailable
        }
    }

    /// Whether a refused session may be let in later; wrong credentials or an unknown database stay wrong.
    var isTransientRefusal: Bool { category != "28" && category != "3D" && category != "42" }

    /// Whether running the whole transaction again is the remedy.
    var asksForTransactionRetry: Bool { self == .serializationFailure || self == .deadlockDetected }

    /// Classes whose messages may quote a row or an argument: those stay out of errors and logs.
    var messageQuotesData: Bool {
        switch category {
        case "08", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58", "P0": false
        default: true
        }
    }
}
