import Foundation
import GatewayService
import HTTPTypes
import LocalNetwork
import Postgres
import TestKit
import Testing

@Suite(.timeLimit(.minutes(2)))
struct OutageTests {
    @Test func anEndThatNobodyHeardOfIsFoundAfterTheListenerReconnects() async throws {
        try await Fixture.run { gateway in
            async let reply = gateway.post("/v1/chat/completions", question)
            let request = try await gateway.coordinator.openRequest()
            try await gateway.waitForListener()
            let database = try await gateway.coordinator.pool.query("SELECT current_database()::text AS name").one()
            let name = try database.value("name", as: String.self)
            // Nobody new is let in, so the listener stays away while the request ends.
            let administrator = try await PostgresConnection.connect(
                try await SharedCluster.cluster().administratorConfiguration())
            try await administrator.query("ALTER DATABASE \(name) ALLOW_CONNECTIONS false")
            for pid in try await gateway.listeners() {
                try await administrator.query("SELECT pg_terminate_backend($1::int8::int4, 5000)", [.int(pid)])
            }
            try await gateway.coordinator.certify(request, paris)
            #expect(try await gateway.listeners() == [])
            try await administrator.query("ALTER DATABASE \(name) ALLOW_CONNECTIONS true")
            await administrator.close()
            #expect(try await reply.status == 200)
        }
    }

    @Test func aSessionThatDiesUnderAStatementIsReplaced() async throws {
        try await Fixture.run { gateway in
            try await gateway.waitForListener()
            let administrator = try await PostgresConnection.connect(
                try await SharedCluster.cluster().administratorConfiguration())
            let name = try await gateway.coordinator.pool.query("SELECT current_database()::text AS name").one()
                .value("name", as: String.self)
            let reply = try await gateway.coordinator.pool.withTransaction { transaction in
                // Asking waits behind this lock, so that its session can be ended in the middle of the statement.
                try await transaction.query("LOCK TABLE requests IN ACCESS EXCLUSIVE MODE")
                let reply = Task { try await gateway.post("/v1/chat/completions", question) }
                let waiting = """
                    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                    WHERE datname = $1 AND wait_event_type = 'Lock'
                    """
                while try await administrator.query(waiting, [.text(name)]).isEmpty { await Task.yield() }
                return reply
            }
            await administrator.close()
            // The client has not asked again: the gateway has.
            try await gateway.coordinator.certify(try await gateway.coordinator.openRequest(), paris)
            #expect(try await reply.value.status == 200)
        }
    }

    @Test func survivesTheDatabasesRestart() async throws {
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let cluster = try await PostgresCluster.start(folder: folder, isDurable: false)
        try await SharedCluster.ensureRoles(cluster)
        try await Fixture.run(cluster: cluster) { gateway in
            async let patient = gateway.post("/v1/chat/completions", question)
            let request = try await gateway.coordinator.openRequest()
            try await gateway.waitForListener()
            await cluster.stop()

            let refused = try await gateway.post("/v1/chat/completions", question)
            #expect(refused.status == 503)
            #expect(refused.fields[.retryAfter] != nil)
            #expect(try refused.value("error", "type") == .string("server_error"))
            #expect(try await gateway.get("/v1/network").status == 503)
            #expect(try await gateway.get("/readyz").value("checks", "0", "ready") == .bool(false))

            let again = try await PostgresCluster.start(folder: folder, isDurable: false)
            try await gateway.coordinator.certify(request, paris)
            #expect(try await patient.status == 200)
            #expect(try await gateway.post("/v1/chat/completions", question).status == 200)
            await again.stop()
        }
    }
}
