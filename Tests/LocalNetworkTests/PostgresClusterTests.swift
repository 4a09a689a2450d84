import Foundation
import LocalNetwork
import Postgres
import Testing

@Suite(.timeLimit(.minutes(1)))
struct PostgresClusterTests {
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = "/tmp/dna-test-\(UUID().uuidString.prefix(13).lowercased())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    @Test func keepsDataAcrossAKillAndAReusedProcessNumber() async throws {
        try await withFolder { folder in
            let cluster = try await PostgresCluster.start(folder: folder)
            let connection = try await PostgresConnection.connect(cluster.administratorConfiguration())
            try await connection.query("CREATE TABLE kept AS SELECT 7::int8 AS n")
            kill(cluster.pid, SIGKILL)
            #expect(await cluster.waitForExit() == .signalled(SIGKILL))
            // The dead server's number now belongs to somebody else: to this test, for one.
            let lock = "\(folder)/data/postmaster.pid"
            var lines = try String(contentsOfFile: lock, encoding: .utf8).components(separatedBy: "\n")
            lines[0] = String(getpid())
            try lines.joined(separator: "\n").write(toFile: lock, atomically: false, encoding: .utf8)
            let again = try await PostgresCluster.start(folder: folder)
            let fresh = try await PostgresConnection.connect(again.administratorConfiguration())
            #expect(try await fresh.query("SELECT n FROM kept").one().value("n", as: Int.self) == 7)
            await again.stop()
            #expect(!FileManager.default.fileExists(atPath: lock))
        }
    }

    @Test func startsAgainAfterEveryKindOfEnd() async throws {
        try await withFolder { folder in
            let cluster = try await PostgresCluster.start(folder: folder, isDurable: false)
            for number in [SIGKILL, SIGQUIT, SIGINT] {
                let pid = cluster.pid
                kill(pid, number)
                _ = await cluster.waitForExit()
                try await cluster.restart()
                #expect(cluster.pid != pid)
                let connection = try await PostgresConnection.connect(cluster.administratorConfiguration())
                #expect(try await connection.query("SELECT 1").count == 1)
                await connection.close()
            }
            await cluster.stop()
        }
    }

    @Test func startsAgainAlthoughAProcessOfTheKilledServerNeverEnds() async throws {
        try await withFolder { folder in
            let cluster = try await PostgresCluster.start(folder: folder, isDurable: false)
            let path = "/proc/\(cluster.pid)/task/\(cluster.pid)/children"
            let children = try String(contentsOfFile: path, encoding: .utf8)
            let child = try #require(children.split(separator: " ").first.flatMap { Int32($0) })
            kill(child, SIGSTOP)
            kill(cluster.pid, SIGKILL)
            _ = await cluster.waitForExit()
            try await cluster.restart()
            await cluster.stop()
        }
    }

    @Test func startsAgainWithoutItsSocketsFolder() async throws {
        try await withFolder { folder in
            let cluster = try await PostgresCluster.start(folder: folder, isDurable: false)
            await cluster.stop()
            #expect(!FileManager.default.fileExists(atPath: folder + "/socket"))
            try await cluster.restart()
            await cluster.stop()
        }
    }

    @Test func refusesASecondServerOnTheSameData() async throws {
        try await withFolder { folder in
            let cluster = try await PostgresCluster.start(folder: folder, isDurable: false)
            let error = await #expect(throws: PostgresClusterError.self) {
                try await PostgresCluster.start(folder: folder, isDurable: false)
            }
            guard case .alreadyRunning(let pid) = error else {
                return #expect(Bool(false), "\(String(describing: error))")
            }
            #expect(pid == cluster.pid)
            await cluster.stop()
        }
    }

    @Test func rolesEnterTheirDatabaseByPasswordOnly() async throws {
        try await withFolder { folder in
            let cluster = try await PostgresCluster.start(folder: folder, isDurable: false)
            let password = PostgresCluster.randomPassword()
            try await cluster.ensureRole("dna_aggregator", password: "old")
            try await cluster.ensureRole("dna_aggregator", password: password)
            try await cluster.ensureRole("dna_gateway", password: password)
            try await cluster.ensureRole("stranger", password: password)
            for _ in 0..<2 {
                try await cluster.ensureDatabase("dna", owner: "dna_aggregator", users: ["dna_gateway"])
            }
            for user in ["dna_aggregator", "dna_gateway"] {
                let configuration = cluster.configuration(database: "dna", user: user, password: password)
                let connection = try await PostgresConnection.connect(configuration)
                #expect(try await connection.query("SELECT current_user::text AS me").one().value("me") == user)
                await #expect(throws: PostgresError.connectFailed(sqlState: "28P01")) {
                    try await PostgresConnection.connect(configuration.with(user: user, password: "wrong"))
                }
            }
            await #expect(throws: PostgresError.connectFailed(sqlState: "42501")) {
                try await PostgresConnection.connect(
                    cluster.configuration(database: "dna", user: "stranger", password: password))
            }
            await cluster.stop()
        }
    }

    @Test func longStateFoldersStillGetAShortSocket() async throws {
        try await withFolder { folder in
            let deep = folder + "/" + String(repeating: "deep-", count: 20)
            // Every user may pass, as in a home folder that others can enter.
            try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
            let cluster = try await PostgresCluster.start(folder: deep, isDurable: false)
            let connection = try await PostgresConnection.connect(cluster.administratorConfiguration())
            try await connection.query("SELECT 1")
            await cluster.stop()
        }
    }

    @Test func alsoListensOnLoopbackWhenAsked() async throws {
        try await withFolder { folder in
            let port = Int.random(in: 20000..<32000)
            let cluster = try await PostgresCluster.start(folder: folder, tcpPort: port, isDurable: false)
            try await cluster.ensureRole("visitor", password: "p")
            let configuration = PostgresConfiguration(
                host: "localhost", port: port, database: "postgres", user: "visitor", password: "p")
            let connection = try await PostgresConnection.connect(configuration)
            let row = try await connection.query("SELECT host(inet_server_addr()) AS address").one()
            #expect(try row.value("address", as: String.self) == "127.0.0.1")
            await cluster.stop()
        }
    }
}
