import CoordinatorStore
import DNAProtocol
import HTTPTransport
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
            try await town.startAggregator()
            await town.stopAggregator()
            let request = try town.fixture.request()
            try await town.ask(request)
            let dead = try #require(try await town.store.claim(owner: "dead", limit: 1, seconds: 3_600).first)
            let origin = try await town.startAggregator("two")
            // Ends long before what the replica saw when it looked.
            #expect(try await town.store.renew([dead], seconds: 0.1) == [dead])
            try await town.finish(request, at: origin)
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
}
