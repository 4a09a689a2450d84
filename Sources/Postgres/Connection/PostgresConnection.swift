/// One session with PostgreSQL, on a thread of its own: its statements run one after another.
///
/// Cancelling the calling task cancels the statement on the server.
public actor PostgresConnection {
    /// Where it leads.
    let configuration: PostgresConfiguration
    private let thread: SerialThread
    private let waker: Waker
    private var handle: ConnectionHandle?

    /// This connection's thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private init(configuration: PostgresConfiguration) throws(PostgresError) {
        self.configuration = configuration
        thread = try SerialThread()
        waker = try Waker()
    }

    deinit { thread.stop() }

    /// Opens a session within the configuration's connect timeout.
    public static func connect(_ configuration: PostgresConfiguration) async throws(PostgresError) -> PostgresConnection
    {
        do {
            let connection = try PostgresConnection(configuration: configuration)
            try await connection.cancellable { signal in await connection.open(signal) }
            configuration.observer?.connection(true)
            return connection
        } catch {
            configuration.observer?.connection(false)
            throw error
        }
    }

    /// Runs one statement with `$1`, `$2`, … and gives its rows. A timeout beyond the configuration's statement
    /// timeout has no effect, the server's limit comes first.
    @discardableResult
    public nonisolated func query(
        _ sql: String, _ parameters: [PostgresParameter] = [], timeout: Duration? = nil
    ) async throws(PostgresError) -> PostgresRows {
        guard let observer = configuration.observer else {
            return try await cancellable { signal in await self.perform(sql, parameters, timeout: timeout, signal) }
        }
        let began = ContinuousClock.now
        var failed = true
        defer { observer.statement(.now - began, failed) }
        let rows = try await cancellable { signal in await self.perform(sql, parameters, timeout: timeout, signal) }
        failed = false
        return rows
    }

    /// Runs several statements without parameters. For scripts of the program's own, never for text from outside.
    public nonisolated func runScript(_ sql: String, timeout: Duration? = nil) async throws(PostgresError) {
        try await cancellable { signal in await self.performScript(sql, timeout: timeout, signal) }
    }

    /// Ends the session. Later calls throw `connectionLost`.
    public func close() { handle = nil }

    /// Whether the session stands and no transaction is open in it, as far as can be told without asking the server.
    func isUsable() -> Bool { handle?.isUsable() ?? false }

    /// Whether a transaction is open and healthy.
    func isInTransaction() -> Bool { handle?.isInTransaction ?? false }

    /// Runs a statement that the calling task's cancellation must not interrupt: BEGIN, COMMIT, ROLLBACK, clean-up.
    @discardableResult
    func queryUninterrupted(_ sql: String) throws(PostgresError) -> PostgresRows {
        try require().query(sql, [], patience(configuration.statementTimeout, nil))
    }

    /// Waits for notifications; those that have arrived, none when the session stayed silent for `silence`.
    nonisolated func notifications(silence: Duration) async throws(PostgresError) -> [PostgresNotification] {
        try await cancellable { signal in await self.awaitNotifications(silence: silence, signal) }
    }

    private func open(_ signal: CancelSignal) -> Result<Void, PostgresError> {
        resultOf { () throws(PostgresError) in
            handle = try ConnectionHandle.connect(configuration, waker: waker, signal: signal)
        }
    }

    private func perform(
        _ sql: String, _ parameters: [PostgresParameter], timeout: Duration?, _ signal: CancelSignal
    ) -> Result<PostgresRows, PostgresError> {
        resultOf { () throws(PostgresError) in
            try require().query(sql, parameters, patience(timeout, signal))
        }
    }

    private func performScript(
        _ sql: String, timeout: Duration?, _ signal: CancelSignal
    ) -> Result<Void, PostgresError> {
        resultOf { () throws(PostgresError) in try require().runScript(sql, patience(timeout, signal)) }
    }

    private func awaitNotifications(
        silence: Duration, _ signal: CancelSignal
    ) -> Result<[PostgresNotification], PostgresError> {
        resultOf { () throws(PostgresError) in
            let handle = try require()
            let patience = Patience(deadline: .now + silence, signal: signal, waker: waker)
            var arrived: [PostgresNotification] = []
            while true {
                while let notification = handle.nextNotification() { arrived.append(notification) }
                guard arrived.isEmpty, try handle.awaitInput(patience) else { return arrived }
            }
        }
    }

    private func require() throws(PostgresError) -> ConnectionHandle {
        guard let handle, !handle.isBroken else { throw .connectionLost }
        return handle
    }

    /// The server's own limit comes first; this side's deadline is for a server that does not answer at all.
    private func patience(_ timeout: Duration?, _ signal: CancelSignal?) -> Patience {
        let limit = timeout ?? configuration.statementTimeout + configuration.cancelGrace
        return Patience(deadline: .now + limit, signal: signal, waker: waker)
    }

    private nonisolated func cancellable<Value: Sendable>(
        _ body: (CancelSignal) async -> Result<Value, PostgresError>
    ) async throws(PostgresError) -> Value {
        let signal = CancelSignal(waker: waker)
        let result = await withTaskCancellationHandler {
            await body(signal)
        } onCancel: {
            signal.fire()
        }
        return try result.get()
    }
}

/// A throwing body's outcome as a value, which passes through functions that rethrow untyped.
private func resultOf<Value>(_ body: () throws(PostgresError) -> Value) -> Result<Value, PostgresError> {
    do {
        return .success(try body())
    } catch {
        return .failure(error)
    }
}
