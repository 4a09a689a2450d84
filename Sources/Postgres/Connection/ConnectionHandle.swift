import CPQ
import Glibc

/// Owns one `PGconn`; used on its connection's thread only. libpq never blocks here: it is in non-blocking mode, and
/// every wait goes through `Patience`.
final class ConnectionHandle {
    let pointer: OpaquePointer
    private let cancelGrace: Duration
    /// Set when the protocol's state is unknown, so that nobody uses the connection again.
    private var isAbandoned = false
    private var statements = StatementCache()

    private init(pointer: OpaquePointer, cancelGrace: Duration) {
        self.pointer = pointer
        self.cancelGrace = cancelGrace
    }

    deinit { PQfinish(pointer) }

    var isBroken: Bool { isAbandoned || PQstatus(pointer) != CONNECTION_OK }

    /// Whether no transaction is open and none has failed.
    var isIdle: Bool { !isBroken && PQtransactionStatus(pointer) == PQTRANS_IDLE }

    /// Whether a transaction is open and has not failed.
    var isInTransaction: Bool { !isBroken && PQtransactionStatus(pointer) == PQTRANS_INTRANS }

    /// Opens a session, name resolution included, within the configuration's connect timeout.
    static func connect(
        _ configuration: PostgresConfiguration, waker: Waker, signal: CancelSignal
    ) throws(PostgresError) -> ConnectionHandle {
        let deadline = ContinuousClock.now + configuration.connectTimeout
        let targets = try configuration.resolveTargets(by: deadline)
        let settings = configuration.connectionSettings(targets: targets)
        guard let pointer = startConnection(settings) else { throw .resourceUnavailable("memory") }
        let handle = ConnectionHandle(pointer: pointer, cancelGrace: configuration.cancelGrace)
        // The only way to a refusal's SQLSTATE, whose words depend on the server's language.
        PQsetErrorVerbosity(pointer, PQERRORS_SQLSTATE)
        // libpq would print notices on standard error.
        PQsetNoticeReceiver(pointer, { _, _ in }, nil)
        try handle.finishConnecting(Patience(deadline: deadline, signal: signal, waker: waker))
        guard PQsetnonblocking(pointer, 1) == 0 else { throw .connectionLost }
        return handle
    }

    private static func startConnection(_ settings: [String: String]) -> OpaquePointer? {
        let keywords = settings.keys.map { strdup($0) }
        let values = settings.values.map { strdup($0) }
        defer { (keywords + values).forEach { free($0) } }
        return PQconnectStartParams(
            keywords.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 0)
    }

    private func finishConnecting(_ patience: Patience) throws(PostgresError) {
        // "Initially, behave as if PQconnectPoll last returned PGRES_POLLING_WRITING."
        var status = PGRES_POLLING_WRITING
        while status != PGRES_POLLING_OK {
            guard status != PGRES_POLLING_FAILED, PQstatus(pointer) != CONNECTION_BAD else {
                throw .connectFailed(sqlState: refusalCode())
            }
            let events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT
            // The socket may change between calls, when libpq goes on to the next address.
            switch patience.wait(for: events, on: PQsocket(pointer)) {
            case .ready: status = PQconnectPoll(pointer)
            case .timedOut: throw .deadlineExceeded
            case .cancelled: throw .cancelled
            }
        }
    }

    /// With `PQERRORS_SQLSTATE` the message of a refused session ends in severity and code: `… FATAL:  28P01`.
    private func refusalCode() -> SQLState? {
        let message = String(cString: PQerrorMessage(pointer))
        guard let last = message.split(whereSeparator: \.isWhitespace).last, last.utf8.count == 5,
            last.allSatisfy({ $0.isASCII && ($0.isNumber || $0.isUppercase) })
        else { return nil }
        return SQLState(String(last))
    }

    /// Runs one statement with parameters.
    func query(_ sql: String, _ parameters: [PostgresParameter], _ patience: Patience) throws(PostgresError)
        -> PostgresRows
    {
        let encoded = try EncodedParameters(parameters)
        let name = try prepare(sql, types: encoded.types, patience)
        do {
            return try run(sql, encoded, preparedAs: name, patience)
        } catch .server(let failure) where name != nil && failure.sqlState.marksStaleStatement {
            statements.forget(sql, types: encoded.types)
            guard isIdle else { throw .server(failure) }
            return try run(sql, encoded, preparedAs: nil, patience)
        }
    }

    /// Runs several statements without parameters, as the server reads them in one message.
    func runScript(_ sql: String, _ patience: Patience) throws(PostgresError) {
        _ = try roundTrip(patience) { PQsendQuery(pointer, sql) }
    }

    /// The name of the prepared statement, nil if this text is to be sent whole.
    private func prepare(
        _ sql: String, types: [UInt32], _ patience: Patience
    ) throws(PostgresError) -> String? {
        if let name = statements.name(for: sql, types: types) { return name }
        guard let name = statements.freshName() else { return nil }
        _ = try roundTrip(patience) { PQsendPrepare(pointer, name, sql, Int32(types.count), types) }
        statements.remember(name, for: sql, types: types)
        return name
    }

    private func run(
        _ sql: String, _ parameters: EncodedParameters, preparedAs name: String?, _ patience: Patience
    ) throws(PostgresError) -> PostgresRows {
        let result = try roundTrip(patience) {
            parameters.withPointers { values in
                let count = Int32(parameters.count)
                if let name {
                    return PQsendQueryPrepared(pointer, name, count, values, parameters.lengths, parameters.formats, 1)
                }
                return PQsendQueryParams(
                    pointer, sql, count, parameters.types, values, parameters.lengths, parameters.formats, 1)
            }
        }
        return result.rows()
    }

    /// Sends one message and collects its results; the last one, or the first failure.
    private func roundTrip(_ patience: Patience, send: () -> Int32) throws(PostgresError) -> StatementResult {
        guard !isBroken else { throw .connectionLost }
        if let signal = patience.signal, signal.isFired { throw .cancelled }
        guard send() == 1 else { throw lost() }
        var wait = StatementWait(patience: patience, grace: cancelGrace)
        do {
            try flush(&wait)
            let results = try collect(&wait)
            try wait.finishCancelling()
            return try settle(results, interruption: wait.interruption)
        } catch {
            if wait.gaveUp { isAbandoned = true }
            throw error
        }
    }

    private func flush(_ wait: inout StatementWait) throws(PostgresError) {
        while true {
            let status = PQflush(pointer)
            guard status >= 0 else { throw lost() }
            guard status > 0 else { return }
            // The manual: wait for read or write; if read-ready, call PQconsumeInput, then PQflush again.
            try wait.wait(for: POLLIN | POLLOUT, connection: pointer)
            guard PQconsumeInput(pointer) == 1 else { throw lost() }
        }
    }

    private func collect(_ wait: inout StatementWait) throws(PostgresError) -> [StatementResult] {
        var results: [StatementResult] = []
        while true {
            while PQisBusy(pointer) == 1 {
                try wait.wait(for: POLLIN, connection: pointer)
                // A lost connection may still have an error report in the buffer: PQgetResult delivers it.
                guard PQconsumeInput(pointer) == 1 else { break }
            }
            guard let result = PQgetResult(pointer) else { return results }
            let status = PQresultStatus(result)
            results.append(StatementResult(pointer: result))
            if status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH {
                isAbandoned = true
                throw .resultUnsupported
            }
        }
    }

    private func settle(
        _ results: [StatementResult], interruption: PostgresError?
    ) throws(PostgresError) -> StatementResult {
        if isBroken { throw lost() }
        if let failure = results.lazy.compactMap({ $0.failure }).first {
            if failure.sqlState == .queryCanceled { throw interruption ?? .deadlineExceeded }
            throw .server(failure)
        }
        // A statement that finished before the cancellation reached it is done, and says so.
        guard let last = results.last else { throw lost() }
        return last
    }

    private func lost() -> PostgresError {
        isAbandoned = true
        return .connectionLost
    }

    /// Whether the session still stands, as far as the socket tells; takes no time.
    func isUsable() -> Bool {
        guard isIdle else { return false }
        var descriptor = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
        // A server that goes says so first: one read takes its words, only the next one sees the end.
        for _ in 0..<4 {
            guard poll(&descriptor, 1, 0) > 0 else { return isIdle }
            guard PQconsumeInput(pointer) == 1 else { return false }
        }
        return isIdle
    }

    /// The next notification that has arrived, nil if none has.
    func nextNotification() -> PostgresNotification? {
        guard let raw = PQnotifies(pointer) else { return nil }
        defer { PQfreemem(raw) }
        return PostgresNotification(
            channel: String(cString: raw.pointee.relname), payload: String(cString: raw.pointee.extra))
    }

    /// Waits until the server has sent something; false when the deadline came first.
    func awaitInput(_ patience: Patience) throws(PostgresError) -> Bool {
        switch patience.wait(for: POLLIN, on: PQsocket(pointer)) {
        case .cancelled: throw .cancelled
        case .timedOut: return false
        case .ready:
            guard PQconsumeInput(pointer) == 1 else { throw lost() }
            return true
        }
    }
}
