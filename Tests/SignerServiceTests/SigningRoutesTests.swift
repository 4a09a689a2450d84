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

    @Test func anEpochIsTakenOverHTTPAndOutlivesARestart() async throws {
        try await SignerTown.with { town in
            for number in town.numbers { try await town.start(number) }
            for number in town.numbers { _ = try await town.networkFile(number) }
            let next = try town.fixture.nextRoster()
            let pinned: PinnedRoster = try await town.call(1).post("/v1/rosters", next)
            #expect(try pinned.epoch == 2 && pinned.roster == next.roster.rosterID())
            await town.stop(1)
            try await town.start(1)
            let again: PinnedRoster = try await town.call(1).post("/v1/rosters", town.fixture.roster)
            #expect(again == pinned)
            let fork = try town.fixture.nextRoster { $0.operators[0].weight = 5 }
            let error = await #expect(throws: ServiceError.self) {
                let _: PinnedRoster = try await town.call(1).post("/v1/rosters", fork)
            }
            let problem = try #require(error?.cause as? Problem)
            #expect(problem.status == 409 && problem.field == "roster")
        }
    }

    /// What an aggregator that lies may propose; each leaves the signer free to sign the truth.
    private func lies(_ fixture: Fixture, _ decision: Decision, _ evidence: Evidence) throws -> [String: Lie] {
        var lies: [String: Lie] = [:]
        func lie(_ name: String, _ change: (inout Evidence) throws -> Void) throws {
            var changed = evidence
            try change(&changed)
            let votes = changed.votes.isEmpty ? evidence : changed
            lies[name] = Lie(try fixture.decision(votes, at: decision.decidedAt), changed)
        }
        try lie("a committee that is not drawn from the ranking") { $0.committee.members.reverse() }
        try lie("fewer votes than the policy asks for") { $0.votes.removeLast(2) }
        try lie("no votes at all") { $0.votes = [] }
        try lie("a forged vote") { $0.votes[0].signature = $0.votes[1].signature }
        try lie("another answer under a vote's signature") { $0.votes[0].body.tokens += 1 }
        try lie("a vote cast twice") { $0.votes[1] = $0.votes[0] }
        try lie("votes that changed their nodes") {
            let node = $0.votes[0].body.node
            $0.votes[0].body.node = $0.votes[1].body.node
            $0.votes[1].body.node = node
        }
        try lie("a set without one of the commitments") { $0.set.commitments.removeLast() }
        try lie("a weaker policy") { $0.request.policy = Policy(rule: .majority, committee: 2, maximumCommittee: 3) }
        try lie("another model") { $0.manifest.name = "other" }
        try lie("another request") { $0.request.maximumTokens += 1 }
        try lie("another roster") { $0.roster.roster.operators[0].weight = 7 }
        try lie("a roster nobody signed") { $0.roster.signatures = [] }
        lies["another network's decision"] = Lie(decision, try Fixture().evidence(try Fixture().request()))
        return lies
    }

    private struct Lie {
        let decision: Decision
        let evidence: Evidence
        init(_ decision: Decision, _ evidence: Evidence) {
            self.decision = decision
            self.evidence = evidence
        }
    }

    @Test func anAggregatorThatLiesGetsNoShareAndTheTruthStillDoes() async throws {
        try await SignerTown.with { town in
            for number in town.numbers { try await town.start(number) }
            for number in town.numbers { _ = try await town.networkFile(number) }
            let (decision, evidence) = try decide(town.fixture)
            for (name, lie) in try lies(town.fixture, decision, evidence).sorted(by: { $0.key < $1.key }) {
                let promises = try await promises(town, [1, 2, 3], lie.decision)
                let error = await #expect(throws: ServiceError.self, "\(name)") {
                    _ = try await share(town, 1, lie.decision, lie.evidence, promises)
                }
                let status = (error?.cause as? Problem)?.status ?? 0
                #expect(status == 400 || status == 409, "\(name): \(status)")
            }
            let promises = try await promises(town, [1, 2, 3], decision)
            let foreign = try await self.promises(town, [1, 2, 3], decision)
            var swapped = promises
            swapped[0] = NonceReply(signer: 1, hiding: foreign[1].hiding, binding: foreign[1].binding)
            let lists: [String: [NonceReply]] = [
                "twice the same": promises + [promises[1]], "more than signers": promises + promises,
                "a foreign commitment": swapped, "too few": Array(promises.prefix(2)),
                "a stranger": promises + [
                    NonceReply(signer: 9, hiding: promises[0].hiding, binding: promises[0].binding)
                ],
            ]
            for (name, list) in lists {
                await #expect(throws: ServiceError.self, "\(name)") {
                    _ = try await share(town, 1, decision, evidence, list)
                }
            }
            #expect(try await share(town, 1, decision, evidence, promises).signer == 1)
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
