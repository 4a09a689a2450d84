import Cryptography
import DNAProtocol
import Foundation
import ServiceKit
import Synchronization
import TestKit
import Testing
import WorkerService

/// A node with an invitation, on its way onto the roster.
@Suite(.serialized, .timeLimit(.minutes(2))) struct JoiningTests {
    private func admission(_ town: Town, changed: @escaping @Sendable () -> Void = {}) throws -> WorkerAdmission {
        var admission = WorkerAdmission(
            invitations: [try town.fixture.invitation()], certificatePath: town.state + "/certificate.pem",
            leavesOnStop: false)
        admission.certificateChanged = changed
        return admission
    }

    @Test func asksUntilItIsOnTheRosterAndHasItsCertificate() async throws {
        let town = try Town()
        let key = Ed25519.SigningKey()
        let changes = Atomic<Int>(0)
        let admission = try admission(town) { changes.add(1, ordering: .relaxed) }
        let standings = [
            try town.standing(key, .pending), try town.standing(key, .active),
            try town.standing(key, .active, certificate: "PEM"),
        ]
        try await town.open { origin in
            town.aggregator.change { $0.standing = standings[0] }
            try await town.withWorker(key, [origin], admission: admission) { _ in
                for standing in standings[1...] {
                    // Besides the one that is kept, one is surely answered with the standing of before.
                    _ = await town.aggregator.wait { $0.joins.count > 2 ? true : nil }
                    #expect(town.aggregator.state.polls.isEmpty, "nobody works before it is let in")
                    town.aggregator.change { state in
                        state.joins.removeFirst(state.joins.count - 1)
                        state.standing = standing
                    }
                }
                let poll = await town.aggregator.wait { $0.polls.first }
                #expect(poll?.body.node == key.publicKey)
            }
            let network = try town.fixture.genesis.networkID()
            let join = try #require(town.aggregator.state.joins.last)
            try join.validate(in: network)
            #expect(join.body.node == key.publicKey && join.body.invitations == admission.invitations)
            #expect(try String(contentsOfFile: town.state + "/certificate.pem", encoding: .utf8) == "PEM")
            #expect(changes.load(ordering: .relaxed) == 1)
        }
    }

    @Test func asksAgainWhenItIsTakenOff() async throws {
        let town = try Town()
        let key = Ed25519.SigningKey()
        let admission = try admission(town)
        let active = try town.standing(key, .active, certificate: "PEM")
        try await town.open { origin in
            town.aggregator.change { $0.standing = active }
            try await town.withWorker(key, [origin], admission: admission) { _ in
                _ = await town.aggregator.wait { $0.polls.first }
                town.aggregator.change { state in
                    state.joins = []
                    state.turnsAway = true
                }
                _ = await town.aggregator.wait { $0.joins.first }
                town.aggregator.change { state in
                    state.turnsAway = false
                    state.polls = []
                }
                _ = await town.aggregator.wait { $0.polls.first }
            }
        }
    }

    @Test func givesUpWhenItWasRevoked() async throws {
        let town = try Town()
        let admission = try admission(town)
        try await town.open { origin in
            let error = await #expect(throws: ServiceError.self) {
                try await town.withWorker(Ed25519.SigningKey(), [origin], admission: admission) { worker in
                    try await worker.admitted()
                }
            }
            #expect((error?.cause as? Problem)?.type == "urn:dna:problem:revoked")
            #expect(town.aggregator.state.polls.isEmpty)
        }
    }
}
