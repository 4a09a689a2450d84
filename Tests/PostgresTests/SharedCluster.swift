import Foundation
import LocalNetwork
import Postgres

/// One server for all tests of this target; it dies with the test process, and its folder goes at exit.
enum SharedCluster {
    private static let start = Task {
        let folder = temporaryFolder()
        return try await PostgresCluster.start(folder: folder, isDurable: false)
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
