import Synchronization

/// A bounded set of connections, handed out first come, first served.
///
/// Broken connections are discarded and replaced. While the server is away, a task that needs a new connection tries
/// again, with growing pauses, until its time to acquire one is over.
public final class PostgresPool: Sendable {
    /// A pool's bounds.
    public struct Limits: Sendable {
        /// Connections open at once.
        public var connections: Int
        /// Tasks that may wait for a connection.
        public var waiters: Int
        /// The longest to wait for a connection.
        public var acquireTimeout: Duration

        /// Bounds that suit one service.
        public init(connections: Int = 8, waiters: Int = 1024, acquireTimeout: Duration = .seconds(10)) {
            precondition(connections > 0 && waiters >= 0)
            self.connections = connections
            self.waiters = waiters
            self.acquireTimeout = acquireTimeout
        }
    }

    private typealias State = PoolState<PostgresConnection>

    /// The settings each connection is opened with.
    public let configuration: PostgresConfiguration
    private let limits: Limits
    private let state: Mutex<State>
    private let nextWaiter = Atomic<UInt64>(0)

    /// A pool without a connection yet: the first comes with the first task that needs one.
    public init(_ configuration: PostgresConfiguration, limits: Limits = Limits()) {
        self.configuration = configuration
        self.limits = limits
        state = Mutex(State(limit: limits.connections, waiterLimit: limits.waiters))
    }

    /// Lends a connection to the body.
    @discardableResult
    public func withConnection<Value: Sendable>(
        _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let connection = try await acquire()
        do {
            let value = try await body(connection)
            await giveBack(connection)
            return value
        } catch {
            await giveBack(connection)
            throw error
        }
    }

    /// Runs one statement on any connection.
    @discardableResult
    public func query(
        _ sql: String, _ parameters: [PostgresParameter] = [], timeout: Duration? = nil
    ) async throws(PostgresError) -> PostgresRows {
        let connection = try await acquire()
        do {
            let rows = try await connection.query(sql, parameters, timeout: timeout)
            await giveBack(connection)
            return rows
        } catch {
            await giveBack(connection)
            throw error
        }
    }

    /// Runs the body in a transaction: COMMIT when it returns, ROLLBACK when it throws.
    ///
    /// With `attempts` above 1 the body may run again after a serialization failure or a deadlock: everything it does
    /// outside the transaction must bear repetition.
    @discardableResult
    public func withTransaction<Value: Sendable>(
        isolation: IsolationLevel = .readCommitted, attempts: Int = 1,
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        precondition(attempts > 0)
        var backoff = Backoff(first: .milliseconds(2), limit: .milliseconds(100))
        for _ in 1..<attempts {
            do {
                return try await withConnection { try await $0.withTransaction(isolation: isolation, body) }
            } catch let error as PostgresError where error.asksForTransactionRetry {
                guard await backoff.pause() else { throw PostgresError.cancelled }
            }
        }
        return try await withConnection { try await $0.withTransaction(isolation: isolation, body) }
    }

    /// Asks the server for a sign of life; throws what stands in the way.
    public func checkHealth(timeout: Duration = .seconds(2)) async throws(PostgresError) {
        try await query("SELECT 1", timeout: timeout)
    }

    /// Gives out no connection any more and closes the idle ones; those lent are closed when they come back.
    public func close() async {
        let (idle, waiters) = state.withLock { $0.close() }
        for waiter in waiters { waiter.promise.keep(.failure(.poolClosed)) }
        for connection in idle { await connection.close() }
    }

    /// How many connections are open or being opened, how many of them are in use, and how many tasks wait.
    public var load: (connections: Int, inUse: Int, waiters: Int) {
        state.withLock { ($0.openCount, $0.inUseCount, $0.waiterCount) }
    }

    private func acquire() async throws(PostgresError) -> PostgresConnection {
        let began = ContinuousClock.now
        let connection = try await take()
        configuration.observer?.acquisition(.now - began)
        return connection
    }

    private func take() async throws(PostgresError) -> PostgresConnection {
        let deadline = ContinuousClock.now + limits.acquireTimeout
        switch try await grant(by: deadline) {
        case .permit: return try await open(by: deadline)
        case .connection(let connection):
            if await connection.isUsable() { return connection }
            // The server ended the session while it lay idle: its place is this task's to fill.
            await connection.close()
            return try await open(by: deadline)
        }
    }

    /// Opens a connection in a place this task holds, or gives up the place.
    private func open(by deadline: ContinuousClock.Instant) async throws(PostgresError) -> PostgresConnection {
        var backoff = Backoff()
        while true {
            do {
                return try await PostgresConnection.connect(configuration)
            } catch {
                let isWorthwhile = error.isRetryable && ContinuousClock.now < deadline
                if isWorthwhile, await backoff.pause(until: deadline) { continue }
                discard()
                throw Task.isCancelled ? .cancelled : error
            }
        }
    }

    private func giveBack(_ connection: PostgresConnection) async {
        guard await connection.isUsable() else {
            await connection.close()
            discard()
            return
        }
        let waiter = state.withLock { $0.release(connection) }
        waiter?.promise.keep(.success(.connection(connection)))
    }

    private func discard() {
        let waiter = state.withLock { $0.discard() }
        waiter?.promise.keep(.success(.permit))
    }

    /// A connection or the right to open one, in the order of asking.
    private func grant(by deadline: ContinuousClock.Instant) async throws(PostgresError) -> State.Grant {
        if Task.isCancelled { throw .cancelled }
        let id = nextWaiter.wrappingAdd(1, ordering: .relaxed).newValue
        let waiter = State.Waiter(id: id, promise: Promise())
        switch state.withLock({ $0.request(waiter) }) {
        case .granted(let grant): return grant
        case .refused(let error): throw error
        case .queued: return try await wait(waiter, until: deadline).get()
        }
    }

    private func wait(
        _ waiter: State.Waiter, until deadline: ContinuousClock.Instant
    ) async -> Result<State.Grant, PostgresError> {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Ends early when the waiter is served, or the calling task is cancelled.
                try? await Task.sleep(until: deadline, clock: .continuous)
                self.abandon(waiter.id, because: Task.isCancelled ? .cancelled : .poolTimedOut)
            }
            let result = await waiter.promise.value
            group.cancelAll()
            return result
        }
    }

    private func abandon(_ id: UInt64, because error: PostgresError) {
        let waiter = state.withLock { $0.abandon(id) }
        waiter?.promise.keep(.failure(error))
    }
}

extension PostgresError {
    /// Whether running the whole transaction again is the remedy.
    var asksForTransactionRetry: Bool {
        guard case .server(let failure) = self else { return false }
        return failure.sqlState.asksForTransactionRetry
    }
}
