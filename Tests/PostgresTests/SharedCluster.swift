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

    /// A fresh, empty database of its own for a test.
    static func database() async throws -> PostgresConfiguration {
        let cluster = try await cluster()
        let name = "t" + UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: "")
        try await cluster.ensureDatabase(name, owner: "postgres")
        return cluster.administratorConfiguration(database: name)
    }
}

/// A path nobody has used, short enough for a socket, in a place every user can reach.
func temporaryFolder() -> String { "/tmp/dna-test-\(UUID().uuidString.prefix(13).lowercased())" }

/// Asks again until the condition holds, for as long as the test may run.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { await Task.yield() }
}
