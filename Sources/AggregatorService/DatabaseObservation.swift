import Postgres
import ServiceKit

extension PostgresObserver {
    /// Tells the metrics. The gateway has the same few lines: no module below both knows both sides.
    init(_ metrics: DatabaseMetrics) {
        self.init(
            statement: metrics.statement, transaction: metrics.transaction, acquisition: metrics.acquisition,
            connection: metrics.connection)
    }
}
