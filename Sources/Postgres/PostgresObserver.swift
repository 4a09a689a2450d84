/// Hears how long the database takes. Called on the threads that wait for it: must be quick.
public struct PostgresObserver: Sendable {
    let statement: @Sendable (Duration, _ failed: Bool) -> Void
    let transaction: @Sendable (Duration, _ committed: Bool) -> Void
    let acquisition: @Sendable (Duration) -> Void
    let connection: @Sendable (_ opened: Bool) -> Void

    /// Joins what is to be called.
    ///
    /// - Parameters:
    ///   - statement: after each statement, BEGIN, COMMIT and ROLLBACK left out.
    ///   - transaction: after each transaction, from BEGIN to its end.
    ///   - acquisition: when a task has got a pool's connection, with how long it waited.
    ///   - connection: after each attempt to open a session.
    public init(
        statement: @escaping @Sendable (Duration, _ failed: Bool) -> Void,
        transaction: @escaping @Sendable (Duration, _ committed: Bool) -> Void,
        acquisition: @escaping @Sendable (Duration) -> Void, connection: @escaping @Sendable (_ opened: Bool) -> Void
    ) {
        self.statement = statement
        self.transaction = transaction
        self.acquisition = acquisition
        self.connection = connection
    }
}
