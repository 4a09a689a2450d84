import Canonical
import DNAProtocol
import Foundation
import ServiceKit
import SignerService
import TestKit
import Testing

@Suite(.timeLimit(.minutes(2))) struct SigningRoutesTests {
    /// A decision that is fresh by the real clock, as the service's is.
    private func decide(_ fixture: Fixture) throws -> (Decision, Evidence) {
        let evidence = try fixture.evidence(try fixture.request())
        let now = Timestamp(seconds: Int64(Date().timeIntervalSince1970))
        return (try fixture.decision(evidence, at: now), evidence)
    }

    private func promises(_ town: SignerTown, _ numbers: [Int], _ decision: Decision) async throws -> [NonceReply] {
        let request = NonceRequest(decision: try decision.decisionID())
        var promises: [NonceReply] = []
        for number in numbers { promises.append(try await town.call(number).post("/v1/signing/nonces", request)) }
        return promises
    }

    private func share(
        _ town: SignerTown, _ number: Int, _ decision: Decision, _ evidence: Evidence, _ promises: [NonceReply]
    ) async throws -> ShareReply {
        let request = ShareRequest(decision: decision, evidence: evidence, commitments: promises)
        return try await town.call(number).post("/v1/signing/shares", request)
    }

    @Test func aCertificateComesFromAnyThreeAlsoAfterARestart() async throws {
        try await SignerTown.with { town in
            for number in town.numbers { try await town.start(number) }
            var file: NetworkFile?
            for number in town.numbers { file = try await town.networkFile(number) }
            let network = try #require(file)
            let (decision, evidence) = try decide(town.fixture)
            for round in [[1, 2, 3], [2, 3, 4]] {
                let promises = try await promises(town, round, decision)
                var replies: [ShareReply] = []
                for number in round { replies.append(try await share(town, number, decision, evidence, promises)) }
                let certificate = try Coordination.certificate(decision, network, promises, replies)
                #expect(try certificate.isSelfConsistent())
                await town.stop(3)
                try await town.start(3)
            }
        }
    }

    @Test func refusalsAreProblemsThatNameTheField() async throws {
        try await SignerTown.with { town in
            for number in town.numbers { try await town.start(number) }
            for number in town.numbers { _ = try await town.networkFile(number) }
            let (decision, evidence) = try decide(town.fixture)
            let promises = try await promises(town, [1, 2, 3], decision)
            func problem(_ decision: Decision, _ evidence: Evidence, _ promises: [NonceReply]) async throws -> Problem {
                let error = await #expect(throws: ServiceError.self) {
                    _ = try await share(town, 1, decision, evidence, promises)
                }
                return try #require(error?.cause as? Problem)
            }
            var altered = decision
            altered.tokens += 1
            let invalid = try await problem(altered, evidence, promises)
            #expect(invalid.status == 400)
            #expect(invalid.field == "decision")
            let stale = try town.fixture.decision(evidence, at: decision.decidedAt + 1_000)
            #expect(try await problem(stale, evidence, promises).field == "decision.decided_at")
            _ = try await share(town, 1, decision, evidence, promises)
            let spent = try await problem(decision, evidence, promises)
            #expect(spent.status == 409)
            #expect(spent.type == "urn:dna:problem:unknown-nonces")
            let second = try town.fixture.decision(evidence, at: decision.decidedAt + 1)
            let more = try await self.promises(town, [1, 2, 3], second)
            let decided = try await problem(second, evidence, more)
            #expect(decided.status == 409)
            #expect(decided.type == "urn:dna:problem:already-decided")
        }
    }

    @Test func malformedBodiesAreAnsweredAndTheServiceGoesOn() async throws {
        try await SignerTown.with { town in
            for number in town.numbers { try await town.start(number) }
            for number in town.numbers { _ = try await town.networkFile(number) }
            let error = await #expect(throws: ServiceError.self) {
                _ = try await town.call(1).post("/v1/signing/nonces", ["decision": 7], as: NonceReply.self)
            }
            #expect(error?.field == "decision")
            #expect(error?.code == .invalidArgument)
            let query = await #expect(throws: ServiceError.self) {
                _ = try await town.call(1).get("/v1/key-generation/messages?step=9", as: KeyGenerationMessages.self)
            }
            #expect(query?.field == "step")
            #expect(try await town.call(1).get("/readyz", as: Readiness.self).ready)
        }
    }
}
