import Postgres
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1)))
struct MigratorTests {
    private let first = Migration(
        version: 1, name: "nodes", sql: "CREATE TABLE node (id int8); INSERT INTO node VALUES (1)")
    private let second = Migration(version: 2, name: "more nodes", sql: "INSERT INTO node VALUES (2)")

    @Test func manyAtOnceApplyOnce() async throws {
        let database = try await SharedCluster.database()
        let migrator = Migrator([first, second])
        let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<4 { group.addTask { try await migrator.migrate(database) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(applied.sorted { $0.count > $1.count } == [[1, 2], [], [], []])
        let connection = try await PostgresConnection.connect(database)
        #expect(try await connection.query("SELECT id FROM node").count == 2)
    }

    @Test func appliesOnlyWhatIsMissing() async throws {
        let database = try await SharedCluster.database()
        #expect(try await Migrator([first]).migrate(database) == [1])
        #expect(try await Migrator([first, second]).migrate(database) == [2])
    }

    @Test func refusesAChangedMigration() async throws {
        let database = try await SharedCluster.database()
        try await Migrator([first]).migrate(database)
        let changed = Migration(version: 1, name: first.name, sql: first.sql + " ")
        await #expect(throws: PostgresError.migration(.changed(version: 1))) {
            try await Migrator([changed]).migrate(database)
        }
    }

    @Test func refusesADatabaseFromTheFuture() async throws {
        let database = try await SharedCluster.database()
        try await Migrator([first, second]).migrate(database)
        await #expect(throws: PostgresError.migration(.unknown(version: 2))) {
            try await Migrator([first]).migrate(database)
        }
    }

    @Test func aFailingMigrationLeavesNoTrace() async throws {
        let database = try await SharedCluster.database()
        let broken = Migration(version: 2, name: "broken", sql: "CREATE TABLE half (a int8); SELECT 1/0")
        let error = await #expect(throws: PostgresError.self) { try await Migrator([first, broken]).migrate(database) }
        guard case .migration(.failed(version: 2, let failure)) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(failure.sqlState == "22012")
        let connection = try await PostgresConnection.connect(database)
        #expect(
            try await connection.query("SELECT to_regclass('half')::text AS t").one().optional("t", as: String.self)
                == nil)
        #expect(try await Migrator([first, second]).migrate(database) == [2])
    }

    @Test func refusesAScriptThatEndsItsTransaction() async throws {
        let database = try await SharedCluster.database()
        await #expect(throws: PostgresError.migration(.endedTransaction(version: 1))) {
            try await Migrator([Migration(version: 1, name: "escape", sql: "COMMIT")]).migrate(database)
        }
    }
}
