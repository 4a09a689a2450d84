import LocalNetwork
import Postgres
import Synchronization
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1)))
struct PoolTests {
    private struct Refusal: Error {}

    private final class Served: Sendable {
        let numbers = Mutex<[Int]>([])
    }

    @Test func rollsBackWhenTheBodyThrows() async throws {
        let pool = try await PostgresPool(SharedCluster.database())
        try await pool.query("CREATE TABLE item (a int8)")
        await #expect(throws: Refusal.self) {
            try await pool.withTransaction { transaction in
                try await transaction.query("INSERT INTO item VALUES (1)")
                throw Refusal()
            }
        }
        #expect(try await pool.query("SELECT a FROM item").isEmpty)
        try await pool.withTransaction { try await $0.query("INSERT INTO item VALUES ($1)", [.int(2)]) }
        #expect(try await pool.query("SELECT a FROM item").one().value("a", as: Int.self) == 2)
        await pool.close()
    }

    @Test func ignoredFailureInATransactionIsNotACommit() async throws {
        let pool = try await PostgresPool(SharedCluster.database())
        await #expect(throws: PostgresError.transactionAborted) {
            try await pool.withTransaction { transaction in _ = try? await transaction.query("SELECT 1/0") }
        }
        await pool.close()
    }

    @Test func leavesNoOpenTransactionToTheNextBorrower() async throws {
        let pool = try await PostgresPool(SharedCluster.database(), limits: .init(connections: 1))
        try await pool.withConnection { connection in
            try await connection.query("BEGIN")
            try await connection.query("SELECT pg_current_xact_id()")
        }
        let row = try await pool.query("SELECT pg_current_xact_id_if_assigned() IS NULL AS fresh").one()
        #expect(try row.value("fresh", as: Bool.self))
        await pool.close()
    }

    @Test func servesWaitersInOrderAndOpensNoMoreThanItsBound() async throws {
        let pool = try await PostgresPool(SharedCluster.database(), limits: .init(connections: 2))
        let gate = AsyncStream<Void>.makeStream()
        let served = Served()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let holders = AsyncStream<Void>.makeStream()
            for _ in 0..<2 {
                group.addTask {
                    try await pool.withConnection { _ in
                        holders.continuation.yield()
                        for await _ in gate.stream { break }
                    }
                }
            }
            var holding = holders.stream.makeAsyncIterator()
            await holding.next()
            await holding.next()
            for number in 0..<5 {
                group.addTask {
                    try await pool.withConnection { _ in served.numbers.withLock { $0.append(number) } }
                }
                try await eventually { pool.load.waiters == number + 1 }
            }
            #expect(pool.load.connections == 2)
            gate.continuation.yield()
            try await eventually { served.numbers.withLock { $0.count } == 5 }
            gate.continuation.finish()
            try await group.waitForAll()
        }
        #expect(served.numbers.withLock { $0 } == [0, 1, 2, 3, 4])
        await pool.close()
        #expect(pool.load == (0, 0, 0))
    }

    @Test func refusesTooManyWaitersAndWaitsNoLongerThanAllowed() async throws {
        let limits = PostgresPool.Limits(connections: 1, waiters: 1, acquireTimeout: .milliseconds(100))
        let pool = try await PostgresPool(SharedCluster.database(), limits: limits)
        try await pool.withConnection { _ in
            async let waiting = pool.query("SELECT 1")
            try await eventually { pool.load.waiters == 1 }
            await #expect(throws: PostgresError.poolOverloaded) { try await pool.query("SELECT 1") }
            do {
                _ = try await waiting
                Issue.record("the pool had no connection to give")
            } catch {
                #expect(error as? PostgresError == .poolTimedOut)
            }
        }
        try await pool.checkHealth()
        await pool.close()
        await #expect(throws: PostgresError.poolClosed) { try await pool.query("SELECT 1") }
    }

    @Test func aCancelledWaiterLeavesTheLine() async throws {
        let pool = try await PostgresPool(SharedCluster.database(), limits: .init(connections: 1))
        try await pool.withConnection { _ in
            let task = Task { try await pool.query("SELECT 1") }
            try await eventually { pool.load.waiters == 1 }
            task.cancel()
            await #expect(throws: PostgresError.cancelled) { try await task.value }
            #expect(pool.load.waiters == 0)
        }
        await pool.close()
    }

    @Test func retriesSerializationFailuresWhenAllowed() async throws {
        let pool = try await PostgresPool(SharedCluster.database())
        try await pool.query("CREATE TABLE counter AS SELECT 0::int8 AS n")
        let runs = Atomic<Int>(0)
        let conflict: @Sendable (PostgresTransaction) async throws -> Void = { transaction in
            let n = try await transaction.query("SELECT n FROM counter").one().value("n", as: Int.self)
            // Somebody else is faster, the first time.
            if runs.wrappingAdd(1, ordering: .relaxed).oldValue == 0 {
                try await pool.query("UPDATE counter SET n = 10")
            }
            try await transaction.query("UPDATE counter SET n = $1", [.int(n + 1)])
        }
        try await pool.withTransaction(isolation: .serializable, attempts: 3, conflict)
        #expect(runs.load(ordering: .relaxed) == 2)
        #expect(try await pool.query("SELECT n FROM counter").one().value("n", as: Int.self) == 11)
        runs.store(0, ordering: .relaxed)
        let error = await #expect(throws: PostgresError.self) {
            try await pool.withTransaction(isolation: .serializable, conflict)
        }
        #expect(error?.isRetryable == true)
        await pool.close()
    }
}
