import CoordinatorStore
import Foundation
import LocalNetwork
import Postgres
import Synchronization

/// One server for all tests of this target; it ends with the test process, and its folder goes with it.
enum SharedCluster {
    private static let start = Task {
        let folder = temporaryFolder()
        let cluster = try await PostgresCluster.start(folder: folder, isDurable: false)
        running.withLock { $0 = (cluster.pid, folder) }
        atexit { SharedCluster.remove() }
        try await cluster.ensureGatewayRole()
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

    static func cluster() async throws -> PostgresCluster { try await start.value }
}

extension PostgresCluster {
    static let gatewayPassword = "gateway-password"

    func ensureGatewayRole() async throws {
        try await ensureRole(CoordinatorSchema.gatewayRole, password: Self.gatewayPassword)
        // Migrations make it if it is missing, and two of them at once would collide.
        try await ensureRole(CoordinatorSchema.aggregatorRole, password: Self.gatewayPassword)
    }

    /// A fresh database with the schema: its owner's settings and the gateway's.
    func coordinatorDatabase() async throws -> (owner: PostgresConfiguration, gateway: PostgresConfiguration) {
        let name = "t" + UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: "")
        try await ensureDatabase(name, owner: "postgres", users: [CoordinatorSchema.gatewayRole])
        let owner = administratorConfiguration(database: name)
        try await CoordinatorSchema.migrate(owner)
        let gateway = configuration(
            database: name, user: CoordinatorSchema.gatewayRole, password: Self.gatewayPassword)
        return (owner, gateway)
    }
}

/// A path nobody has used, short enough for a socket, in a place every user can reach.
func temporaryFolder() -> String { "/tmp/dna-test-\(UUID().uuidString.prefix(13).lowercased())" }

/// Asks again until the condition holds, for as long as the test may run.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { await Task.yield() }
}
