import CoreMetrics

/// What a service that uses PostgreSQL measures of it.
public struct DatabaseMetrics: Sendable {
    static let statements = MetricDefinition.histogram(
        "dna_database_statement_duration_seconds", "From a statement's sending to its last row",
        bounds: MetricBounds.databaseSeconds)
    static let failures = MetricDefinition.counter(
        "dna_database_failed_statements_total", "Statements that failed, those that lost a race included")
    static let transactions = MetricDefinition.histogram(
        "dna_database_transaction_duration_seconds", "From BEGIN to the end, by how it ended",
        bounds: MetricBounds.databaseSeconds, labels: ["outcome"])
    static let acquisitions = MetricDefinition.histogram(
        "dna_database_wait_seconds", "How long a task waited for a connection of the pool",
        bounds: MetricBounds.databaseSeconds)
    static let sessions = MetricDefinition.counter(
        "dna_database_connects_total", "Attempts to open a session; after the start these are reconnects",
        labels: ["outcome"])
    static let open = MetricDefinition.gauge("dna_database_connections_open", "Connections of the pool")
    static let used = MetricDefinition.gauge("dna_database_connections_used", "Connections of the pool in use")
    static let waiting = MetricDefinition.gauge(
        "dna_database_tasks_waiting", "Tasks that wait for a connection of the pool")

    /// All of them.
    package static let definitions = [statements, failures, transactions, acquisitions, sessions, open, used, waiting]

    private let statements: Recorder
    private let failures: Counter
    private let transactions: (committed: Recorder, rolledBack: Recorder)
    private let acquisitions: Recorder
    private let sessions: (opened: Counter, failed: Counter)

    /// Declares them.
    public init(_ registry: MetricsRegistry) {
        registry.declare(Self.definitions)
        statements = registry.recorder(Self.statements)
        failures = registry.counter(Self.failures)
        transactions = (
            registry.recorder(Self.transactions, "committed"), registry.recorder(Self.transactions, "rolled_back")
        )
        acquisitions = registry.recorder(Self.acquisitions)
        sessions = (registry.counter(Self.sessions, "opened"), registry.counter(Self.sessions, "failed"))
    }

    /// Has a pool's load shown at each scrape.
    public func show(
        in registry: MetricsRegistry, load: @escaping @Sendable () -> (connections: Int, inUse: Int, waiters: Int)
    ) {
        let (open, used, waiting) = (
            registry.meter(Self.open), registry.meter(Self.used), registry.meter(Self.waiting)
        )
        registry.onScrape {
            let load = load()
            open.set(load.connections)
            used.set(load.inUse)
            waiting.set(load.waiters)
        }
    }

    /// After a statement.
    @Sendable public func statement(_ duration: Duration, failed: Bool) {
        statements.record(duration / .seconds(1))
        if failed { failures.increment() }
    }

    /// After a transaction.
    @Sendable public func transaction(_ duration: Duration, committed: Bool) {
        (committed ? transactions.committed : transactions.rolledBack).record(duration / .seconds(1))
    }

    /// After a wait for a connection.
    @Sendable public func acquisition(_ duration: Duration) { acquisitions.record(duration / .seconds(1)) }

    /// After an attempt to open a session.
    @Sendable public func connection(opened: Bool) { (opened ? sessions.opened : sessions.failed).increment() }
}
