import Canonical
import Consensus
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

    /// A bad share is on record with what shows that it is bad; so is silence, with nothing to show.
    @Test(arguments: [
        (TestSigner.Behaviour.badShare, Fault.Kind?.some(.badSignatureShare)), (.otherNonces, .badSignatureShare),
        (.garbage, .malformedAnswer), (.silent, .noAnswer), (.refusing, nil),
    ])
    func whateverOneSignerDoesTheOthersSign(_ behaviour: TestSigner.Behaviour, _ kind: Fault.Kind?) async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            town.set(behaviour, signers: 1)
            town.set(.down, signers: 4)
            let request = try town.fixture.request()
            for node in try town.members(of: request, at: origin) { town.work(node) }
            try await town.ask(request)
            let culprit = town.signers[0]
            try await eventually { culprit.asked.load(ordering: .relaxed) > 0 }
            town.set(.honest, signers: 4)
            _ = try await town.certified(request)
            let report = try #require(try await town.gateway.misbehaviour(of: try request.requestID()))
            let faults = report.faults.filter { $0.signer == 1 }
            #expect(faults.map(\.kind) == (kind.map { [$0] } ?? []))
            let verification = MisbehaviourVerification(of: report, networkFile: town.group.file)
            #expect(verification.verdict == .notProven)
            guard kind == .badSignatureShare else { return }
            #expect(verification.sentences.contains { $0.hasSuffix("that the share is bad was checked") })
            guard case .share(var share) = faults.first?.statement else {
                Issue.record("the share is not on record")
                return
            }
            // Held against another share, which is the honest way to be wrong about somebody, the report is false.
            share.reply.signer = 2
            var forged = report
            forged.faults = [
                Fault(
                    kind: .badSignatureShare, round: 1, signer: 1, recordedAt: town.clock.now(),
                    statement: .share(share))
            ]
            #expect(MisbehaviourVerification(of: forged, networkFile: town.group.file).verdict == .false)
        }
    }

    @Test func aSignerThatRepeatsItselfIsNamed() async throws {
        try await Town.run { town in
            let origin = try await town.startAggregator()
            town.set(.repeating, signers: 1)
            town.set(.down, signers: 4)
            for (index, text) in ["first", "second"].enumerated() {
                let request = try town.fixture.request(text)
                if index == 0 {
                    for key in town.fixture.nodes.keys { town.work(try town.node(key, at: origin)) }
                } else {
                    town.set(.down, signers: 4)
                }
                let asked = town.signers[0].asked.load(ordering: .relaxed)
                try await town.ask(request)
                try await eventually { town.signers[0].asked.load(ordering: .relaxed) > asked }
                if index == 1 { town.set(.honest, signers: 4) }
                _ = try await town.certified(request)
                let report = try #require(try await town.gateway.misbehaviour(of: try request.requestID()))
                #expect(report.faults.filter { $0.signer == 1 }.map(\.kind) == (index == 0 ? [] : [.badSignatureShare]))
            }
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
