import CoordinatorStore
import Foundation
import LocalNetwork
import Postgres
import Synchronization

/// One server for all tests of this target; it ends with the test process, and its folder goes with it.
enum SharedCluster {
    private static let start = Task {
        let folder = "/tmp/dna-test-\(UUID().uuidString.prefix(13).lowercased())"
        let cluster = try await PostgresCluster.start(folder: folder, isDurable: false)
        running.withLock { $0 = (cluster.pid, folder) }
        atexit { SharedCluster.remove() }
        for role in [CoordinatorSchema.gatewayRole, CoordinatorSchema.aggregatorRole] {
            try await cluster.ensureRole(role, password: "test")
        }
        return cluster
    }
    private static let running = Mutex<(pid: Int32, folder: String)?>(nil)

    private static func remove() {
        guard let (pid, folder) = running.withLock({ $0 }) else { return }
        // The immediate shutdown: nothing here is worth writing down.
        kill(pid, SIGQUIT)
        while kill(pid, 0) == 0 { sched_yield() }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// A fresh database with the coordinator's schema, and nobody's network yet.
    static func database() async throws -> Database {
        let cluster = try await start.value
        let name = "t" + UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: "")
        let roles = [CoordinatorSchema.gatewayRole, CoordinatorSchema.aggregatorRole]
        try await cluster.ensureDatabase(name, owner: "postgres", users: roles)
        let owner = cluster.administratorConfiguration(database: name)
        try await CoordinatorSchema.migrate(owner)
        func pool(_ user: String) -> PostgresPool {
            PostgresPool(
                cluster.configuration(database: name, user: user, password: "test"), limits: .init(connections: 4))
        }
        return Database(
            owner: PostgresPool(owner, limits: .init(connections: 2)), gateway: pool(CoordinatorSchema.gatewayRole),
            aggregator: pool(CoordinatorSchema.aggregatorRole))
    }
}

/// A database as its owner and its two roles see it.
struct Database: Sendable {
    let owner: PostgresPool
    let gateway: PostgresPool
    let aggregator: PostgresPool

    func close() async {
        for pool in [owner, gateway, aggregator] { await pool.close() }
    }
}
