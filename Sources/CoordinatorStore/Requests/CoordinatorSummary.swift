public import DNAProtocol
import Postgres

/// How much there is to do, and who is there to do it.
public struct CoordinatorSummary: Hashable, Sendable {
    /// Requests that have not ended, by state.
    public let open: [RequestState: Int]
    /// Open requests that no aggregator drives at this moment.
    public let unowned: Int
    /// How long ago the oldest open request was first asked, in seconds; 0 when there is none.
    public let oldest: Double
    /// Nodes heard from within the window.
    public let availableNodes: Int
    /// The newest roster epoch; 0 before the first.
    public let rosterEpoch: Int

    static let openStates: [RequestState] = [.accepted, .seeded, .assigned, .voting, .decided]
}

extension AggregatorStore {
    /// What is open and who is there, by one look at each table.
    public func summary(window seconds: Int) async throws -> CoordinatorSummary {
        // The states are constants, and the partial index serves exactly these.
        let counts = CoordinatorSummary.openStates.map(\.rawValue)
            .map { "count(*) FILTER (WHERE state = '\($0)') AS \($0)" }.joined(separator: ", ")
        let row = try await pool.query(
            """
            SELECT \(counts), count(*) FILTER (WHERE lease_until IS NULL OR lease_until <= now()) AS unowned,
                coalesce(extract(epoch FROM now() - min(accepted_at)), 0)::float8 AS oldest,
                (SELECT count(*) FROM nodes WHERE last_seen > now() - make_interval(secs => $1)) AS nodes,
                (SELECT coalesce(max(epoch), 0)::int8 FROM rosters) AS epoch
            FROM requests WHERE state IN ('accepted', 'seeded', 'assigned', 'voting', 'decided')
            """, [.int(seconds)]
        ).one()
        var open: [RequestState: Int] = [:]
        for state in CoordinatorSummary.openStates { open[state] = try row.value(state.rawValue) }
        return CoordinatorSummary(
            open: open, unowned: try row.value("unowned"), oldest: max(0, try row.value("oldest")),
            availableNodes: try row.value("nodes"), rosterEpoch: try row.value("epoch"))
    }
}
