/// Who has which of a pool's connections, and who waits. Decides only; the pool acts.
struct PoolState<Connection: Sendable> {
    /// What a task that asked for a connection gets.
    enum Grant: Sendable {
        /// An open connection.
        case connection(Connection)
        /// The right to open one.
        case permit
    }

    enum Request {
        case granted(Grant)
        /// Nothing free: the task waits in line.
        case queued
        case refused(PostgresError)
    }

    struct Waiter {
        let id: UInt64
        let promise: Promise<Result<Grant, PostgresError>>
    }

    let limit: Int
    let waiterLimit: Int
    private var idle: [Connection] = []
    /// Connections open or being opened.
    private(set) var openCount = 0
    private var waiters: [Waiter] = []
    private var isClosed = false

    init(limit: Int, waiterLimit: Int) {
        self.limit = limit
        self.waiterLimit = waiterLimit
    }

    var waiterCount: Int { waiters.count }
    /// Connections lent or being opened.
    var inUseCount: Int { openCount - idle.count }

    mutating func request(_ waiter: Waiter) -> Request {
        if isClosed { return .refused(.poolClosed) }
        if let connection = idle.popLast() { return .granted(.connection(connection)) }
        if openCount < limit {
            openCount += 1
            return .granted(.permit)
        }
        guard waiters.count < waiterLimit else { return .refused(.poolOverloaded) }
        waiters.append(waiter)
        return .queued
    }

    /// A connection comes back: who gets it, if anybody waits. A closed pool keeps none.
    mutating func release(_ connection: Connection) -> Waiter? {
        if isClosed {
            openCount -= 1
            return nil
        }
        if waiters.isEmpty {
            idle.append(connection)
            return nil
        }
        return waiters.removeFirst()
    }

    /// A connection is gone, or could not be opened: who may open another.
    mutating func discard() -> Waiter? {
        if isClosed || waiters.isEmpty {
            openCount -= 1
            return nil
        }
        return waiters.removeFirst()
    }

    /// A waiter that gives up, nil when it was served already.
    mutating func abandon(_ id: UInt64) -> Waiter? {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return nil }
        return waiters.remove(at: index)
    }

    /// No connection is given out any more: those idle now, and those who waited.
    mutating func close() -> (idle: [Connection], waiters: [Waiter]) {
        isClosed = true
        defer {
            openCount -= idle.count
            idle = []
            waiters = []
        }
        return (idle, waiters)
    }
}
