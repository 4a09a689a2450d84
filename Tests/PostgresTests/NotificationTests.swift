import Postgres
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1)))
struct NotificationTests {
    @Test func notificationsComeInTheOrderTheyWereSent() async throws {
        let configuration = try await SharedCluster.database()
        let pool = PostgresPool(configuration)
        var events = NotificationListener(configuration, channels: ["votes", "requests"]).makeAsyncIterator()
        #expect(try await events.next() == .connected)
        for number in 0..<50 {
            try await pool.withTransaction { transaction in
                try await transaction.notify("votes", "v\(number)")
                try await transaction.notify("requests", "r\(number)")
            }
        }
        for number in 0..<50 {
            #expect(try await events.next() == .notification(.init(channel: "votes", payload: "v\(number)")))
            #expect(try await events.next() == .notification(.init(channel: "requests", payload: "r\(number)")))
        }
        await pool.close()
    }

    @Test func rolledBackTransactionsNotifyNobody() async throws {
        let configuration = try await SharedCluster.database()
        let pool = PostgresPool(configuration)
        var events = NotificationListener(configuration, channels: ["votes"]).makeAsyncIterator()
        #expect(try await events.next() == .connected)
        _ = try? await pool.withTransaction { transaction in
            try await transaction.notify("votes", "lost")
            throw CancellationError()
        }
        try await pool.withTransaction { try await $0.notify("votes", "kept") }
        #expect(try await events.next() == .notification(.init(channel: "votes", payload: "kept")))
        await pool.close()
    }

    @Test func cancellationEndsTheSequence() async throws {
        let configuration = try await SharedCluster.database()
        let connected = AsyncStream<Void>.makeStream()
        let task = Task {
            var count = 0
            for try await _ in NotificationListener(configuration, channels: ["votes"]) {
                count += 1
                connected.continuation.yield()
            }
            return count
        }
        for await _ in connected.stream { break }
        task.cancel()
        #expect(try await task.value == 1)
    }

    @Test func aCauseThatStaysIsThrownInsteadOfRetried() async throws {
        let configuration = try await SharedCluster.database().with(database: "no_such_database")
        var events = NotificationListener(configuration, channels: ["votes"]).makeAsyncIterator()
        await #expect(throws: PostgresError.connectFailed(sqlState: "3D000")) { try await events.next() }
    }
}
