import Foundation
import LocalNetwork
import Postgres
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RestartTests {
    @Test func poolAndListenerComeBackAfterTheServer() async throws {
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let cluster = try await PostgresCluster.start(folder: folder, isDurable: false)
        let configuration = cluster.administratorConfiguration()
        let pool = PostgresPool(configuration)
        var events = NotificationListener(configuration, channels: ["votes"]).makeAsyncIterator()
        #expect(try await events.next() == .connected)
        let lent = try await pool.withConnection { $0 }
        try await pool.checkHealth()

        await cluster.stop()
        let error = await #expect(throws: PostgresError.self) { try await lent.query("SELECT 1") }
        #expect(error == .connectionLost)
        #expect(error?.isRetryable == true)
        // Asked while the server is away, answered once it is back.
        async let patient = pool.query("SELECT 42 AS answer")
        let again = try await PostgresCluster.start(folder: folder, isDurable: false)
        #expect(try await patient.one().value("answer", as: Int.self) == 42)
        #expect(try await events.next() == .reconnected)
        try await pool.withTransaction { try await $0.notify("votes", "after") }
        #expect(try await events.next() == .notification(.init(channel: "votes", payload: "after")))
        await pool.close()
        await again.stop()
    }
}
