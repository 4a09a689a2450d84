import Canonical
import CoordinatorStore
import Cryptography
import DNAProtocol
import TestKit
import Testing

/// What signers may do wrong, and what the aggregator makes of it.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SigningTests {
    @Test func aSignerThatIsDownIsDoneWithout() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            town.set(.down, signers: 2)
            let request = try town.fixture.request()
            for node in try town.members(of: request, at: origin) { town.work(node) }
            try await town.ask(request)
            _ = try await town.certified(request)
        }
    }

    @Test func aBadShareIsFoundAndAnotherSubsetSigns() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            town.set(.badShare, signers: 1)
            // Signer 4 is away until signer 1's share was asked for, so that it must be one of the first subset.
            town.set(.down, signers: 4)
            let request = try town.fixture.request()
            for node in try town.members(of: request, at: origin) { town.work(node) }
            try await town.ask(request)
            let liar = town.signers[0]
            try await eventually { liar.asked.load(ordering: .relaxed) > 0 }
            town.set(.honest, signers: 4)
            _ = try await town.certified(request)
        }
    }

    @Test func withoutEnoughSignersTheDecisionWaitsAndStaysWhatItIs() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            town.set(.down, signers: 1, 2)
            let request = try town.fixture.request()
            for node in try town.members(of: request, at: origin) { town.work(node) }
            try await town.ask(request, lifetime: 40)
            try await town.reach(.decided, request)
            let decision = try await town.decision(request)
            try await town.letExpire(request)
            try await town.reach(.failed, request)
            #expect(try await town.record(request).reason == "signing_failed")
            // Asked again, with the signers back: the same decision is signed.
            town.set(.honest, signers: 1, 2)
            try await town.ask(request)
            #expect(try await town.certified(request).certificate.decision == decision)
        }
    }

    @Test func aVoteAfterTheDecisionDoesNotChangeWhatIsSigned() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            town.set(.down, signers: 1, 2, 3, 4)
            let request = try town.fixture.request()
            let members = try town.members(of: request, at: origin)
            try await town.ask(request)
            var assignments: [Assignment] = []
            for node in members {
                assignments.append(try await node.nextAssignment())
                try await node.commit(assignments[assignments.count - 1], text: "Paris")
            }
            let set = try #require(try await members[0].set(assignments[0]))
            for index in 0..<2 { try await members[index].vote(assignments[index], text: "Paris", in: set) }
            try await town.reach(.decided, request)
            try await members[2].vote(assignments[2], text: "Paris", in: set)
            // Another owner puts the evidence together again, from rows that now hold three votes.
            await town.stopAggregator()
            town.set(.honest, signers: 1, 2, 3, 4)
            try await town.startAggregator("two")
            let bundle = try await town.certified(request)
            #expect(bundle.certificate.decision.voters.count == 2)
            #expect(bundle.evidence.votes.count == 2)
        }
    }
}

extension Town {
    /// The decision on record.
    func decision(_ request: Request) async throws -> Decision {
        let row = try await database.gateway.query(
            "SELECT document FROM decisions WHERE request = $1", [.bytes(try request.requestID().digest.bytes)])
        return try CanonicalJSON.decode(
            Decision.self, from: Array(try row.one().value("document", as: String.self).utf8))
    }
}
