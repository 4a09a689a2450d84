import CoordinatorStore
import Foundation
package import LocalNetwork
package import Postgres
import Synchronization

/// One PostgreSQL server for all tests of a process; it ends with the process, and its folder goes with it.
package enum SharedCluster {
    /// The password of the coordinator's two roles.
    package static let password = "test"

    private static let start = Task {
        let folder = temporaryFolder()
        let cluster = try await PostgresCluster.start(folder: folder, isDurable: false)
        running.withLock { $0 = (cluster.pid, folder) }
        atexit { SharedCluster.remove() }
        // Migrations make the roles where they are missing, and two of them at once would collide.
        try await ensureRoles(cluster)
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

    private static let roles = [CoordinatorSchema.gatewayRole, CoordinatorSchema.aggregatorRole]

    /// Makes the coordinator's roles on a server of a test's own.
    package static func ensureRoles(_ cluster: PostgresCluster) async throws {
        for role in roles { try await cluster.ensureRole(role, password: password) }
    }

    /// The server.
    package static func cluster() async throws -> PostgresCluster { try await start.value }

    /// A fresh, empty database of its own for a test, as its owner sees it.
    package static func database() async throws -> PostgresConfiguration {
        let cluster = try await cluster()
        let name = databaseName()
        try await cluster.ensureDatabase(name, owner: "postgres")
        return cluster.administratorConfiguration(database: name)
    }

    /// A fresh database with the coordinator's schema and nobody's network yet, on this server or another.
    package static func coordinatorDatabase(on other: PostgresCluster? = nil) async throws -> CoordinatorDatabase {
        let cluster = if let other { other } else { try await cluster() }
        let name = databaseName()
        try await cluster.ensureDatabase(name, owner: "postgres", users: roles)
        let owner = cluster.administratorConfiguration(database: name)
        try await CoordinatorSchema.migrate(owner)
        func pool(_ user: String) -> PostgresPool {
            let configuration = cluster.configuration(database: name, user: user, password: password)
            return PostgresPool(configuration, limits: .init(connections: 4))
        }
        return CoordinatorDatabase(
            owner: PostgresPool(owner, limits: .init(connections: 2)), gateway: pool(CoordinatorSchema.gatewayRole),
            aggregator: pool(CoordinatorSchema.aggregatorRole))
    }

    private static func databaseName() -> String {
        "t" + UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: "")
    }
}

/// The coordinator's database as its owner and its two roles see it. Pools connect when they are first used.
package struct CoordinatorDatabase: Sendable {
    /// Who made it.
    package let owner: PostgresPool
    /// The gateway's role.
    package let gateway: PostgresPool
    /// The aggregator's role.
    package let aggregator: PostgresPool

    /// Closes all connections.
    package func close() async {
        for pool in [owner, gateway, aggregator] { await pool.close() }
    }
}

/// A path nobody has used, short enough for a socket, in a place every user can reach.
package func temporaryFolder() -> String { "/tmp/dna-test-\(UUID().uuidString.prefix(13).lowercased())" }

/// Asks again until the condition holds, for as long as the test may run.
package func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(10)) }
}
