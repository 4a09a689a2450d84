import Canonical
import CoordinatorStore
import DNAProtocol
import HTTPTransport
import Postgres
import TestKit
import Testing

/// A request goes on wherever its owner stopped.
@Suite(.serialized, .timeLimit(.minutes(2))) struct RestartTests {
    @Test func aReplicaThatStartsFindsWhatIsAccepted() async throws {
        try await Town.run { town in
            try await town.startAggregator()
            await town.stopAggregator()
            let request = try town.fixture.request()
            try await town.ask(request)
            try await town.finish(request, at: try await town.startAggregator("two"))
        }
    }

    @Test func fromSeeded() async throws {
        try await Town.run { town in
            try await town.startAggregator()
            await town.stopAggregator()
            let request = try town.fixture.request()
            try await town.ask(request)
            let lease = try #require(try await town.store.claim(owner: "gone", limit: 1, seconds: 60).first)
            try await town.store.withLease(lease) {
                try await $0.seed(Randomness(of: request, id: lease.request).seed)
            }
            try await town.store.releaseAll(of: "gone")
            try await town.finish(request, at: try await town.startAggregator("two"))
        }
    }

    @Test func fromAssignedAndFromVoting() async throws {
        try await Town.run { town in
            var origin = try await town.startAggregator()
            let request = try town.fixture.request()
            try await town.ask(request)
            try await town.reach(.assigned, request)
            await town.stopAggregator()
            origin = try await town.startAggregator("two")
            var members = try town.members(of: request, at: origin)
            var assignments: [Assignment] = []
            for node in members.prefix(2) {
                assignments.append(try await node.nextAssignment())
                try await node.commit(assignments[assignments.count - 1], text: "Paris")
            }
            // Between two commitments, too.
            await town.stopAggregator("two")
            origin = try await town.startAggregator("three")
            members = try town.members(of: request, at: origin)
            assignments.append(try await members[2].nextAssignment())
            try await members[2].commit(assignments[2], text: "Paris")
            try await town.reach(.voting, request)
            await town.stopAggregator("three")
            origin = try await town.startAggregator("four")
            members = try town.members(of: request, at: origin)
            for (node, assignment) in zip(members, assignments) {
                try await node.vote(assignment, text: "Paris", in: try #require(try await node.set(assignment)))
            }
            _ = try await town.certified(request)
        }
    }

    @Test func fromDecided() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            town.set(.down, signers: 1, 2)
            let request = try town.fixture.request()
            for node in try town.members(of: request, at: origin) { town.work(node) }
            try await town.ask(request)
            try await town.reach(.decided, request)
            let decision = try await town.decision(request)
            await town.stopAggregator()
            town.set(.honest, signers: 1, 2)
            try await town.startAggregator("two")
            #expect(try await town.certified(request).certificate.decision == decision)
        }
    }

    @Test func aReplicaTakesOverWhenADeadOnesLeaseEnds() async throws {
        try await Town.run { town in
            try await town.startAggregator()
            await town.stopAggregator()
            let request = try town.fixture.request()
            try await town.ask(request)
            // A replica that was killed: it never gives its lease back.
            let dead = try #require(try await town.store.claim(owner: "dead", limit: 1, seconds: 0.3).first)
            let origin = try await town.startAggregator("two")
            try await town.finish(request, at: origin)
            await #expect(throws: StoreError.leaseLost) {
                try await town.store.withLease(dead) { try await $0.fail("stale") }
            }
        }
    }

    @Test func aReplicaLooksAgainThoughNothingRings() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            // A replica at work has heard everything that rings at its start.
            let first = try town.fixture.request("first")
            try await town.ask(first)
            try await town.finish(first, at: origin)
            let request = try town.fixture.request("second")
            let asked = try await town.askHeld(request, by: "dead")
            try await eventually { try await town.hasLookedForExpiries(since: asked) }
            // Ends long before what the replica saw when it looked, and nothing says so.
            try await town.database.owner.query(
                "UPDATE requests SET lease_until = now() WHERE lease_owner = 'dead'")
            _ = try await town.certified(request)
        }
    }

    @Test func twoReplicasShareTheWork() async throws {
        try await Town.run { town in
            let first = try await town.startAggregator("one")
            let second = try await town.startAggregator("two")
            let requests = try (0..<6).map { try town.fixture.request("question \($0)") }
            // Nodes at either replica, whoever owns the request.
            for (index, node) in try town.members(of: requests[0], at: first).enumerated() {
                town.work(index == 0 ? node : try town.node(node.key.publicKey, at: second))
            }
            for request in requests { try await town.ask(request) }
            for request in requests { _ = try await town.certified(request) }
        }
    }
}

extension Town {
    /// Lets all members work, and waits for the certificate.
    func finish(_ request: Request, at origin: HTTPOrigin) async throws {
        for node in try members(of: request, at: origin) { work(node) }
        _ = try await certified(request)
    }

    /// Asks a request that `owner` holds for an hour from the moment it is there; gives that moment.
    func askHeld(_ request: Request, by owner: String) async throws -> PostgresTimestamp {
        let id = PostgresParameter.bytes(try request.requestID().digest.bytes)
        let document = String(decoding: try CanonicalJSON.encode(request), as: UTF8.self)
        return try await database.owner.withTransaction { transaction in
            try await transaction.query(
                "SELECT accept_request($1, $2, $3, 100)",
                [id, .bytes(request.model.digest.bytes), .json(document)])
            let rows = try await transaction.query(
                """
                UPDATE requests SET lease_owner = $2, lease_epoch = 1, lease_until = now() + interval '1 hour'
                WHERE id = $1 RETURNING clock_timestamp() AS moment
                """, [id, .text(owner)])
            return try rows.one().value("moment")
        }
    }

    /// Whether a replica has asked since then when the next lease ends.
    func hasLookedForExpiries(since moment: PostgresTimestamp) async throws -> Bool {
        // Sessions of one role see what the others' last statement was.
        let rows = try await database.aggregator.query(
            """
            SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                AND state = 'idle' AND query LIKE '%lease_until - now()%' AND query_start > $1
            """, [.timestamp(moment)])
        return !rows.isEmpty
    }
}
