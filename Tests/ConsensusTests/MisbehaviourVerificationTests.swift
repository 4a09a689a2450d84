import Canonical
import Consensus
import Cryptography
import DNAProtocol
import TestKit
import Testing

@Suite struct MisbehaviourVerificationTests {
    private let fixture: Fixture
    private let evidence: Evidence
    private let node: Ed25519.PublicKey

    init() throws {
        fixture = try Fixture()
        evidence = try fixture.evidence(try fixture.request())
        node = evidence.set.commitments[0].body.node
    }

    private var key: Ed25519.SigningKey {
        get throws { try #require(fixture.nodes[node]) }
    }

    private func commitment(_ text: String = "London", round: Int = 1) throws -> Commitment {
        var body = evidence.set.commitments[0].body
        body.opening = DigestOf(Digest.of("other", Array(text.utf8)))
        body.round = round
        return Commitment(body: body, signature: try body.signed(by: key))
    }

    private func vote(_ text: String) throws -> Vote {
        let body = try fixture.body(evidence.request, evidence.committee, node, text: text)
        return try Vote(body: body, set: try evidence.set.root(), salt: fixture.salt(node), key: key)
    }

    private func report(_ contradictions: [Contradiction], faults: [Fault] = []) throws -> MisbehaviourReport {
        MisbehaviourReport(
            network: try fixture.genesis.networkID(), request: try evidence.request.requestID(), decision: nil,
            contradictions: contradictions, faults: faults)
    }

    private func verdict(
        _ contradictions: [Contradiction], faults: [Fault] = []
    ) throws -> MisbehaviourVerification.Verdict {
        MisbehaviourVerification(of: try report(contradictions, faults: faults), networkFile: nil).verdict
    }

    @Test func twoStatementsOfOneNodeProveItsFault() throws {
        let first = evidence.set.commitments[0]
        for contradiction in [
            Contradiction.commitments(first, try commitment()), .votes(try vote("Paris"), try vote("London")),
            .reveal(first, try vote("London")),
        ] {
            #expect(try verdict([contradiction]) == .proven, "\(contradiction.kind)")
        }
    }

    @Test func theSameStatementTwiceProvesNothing() throws {
        let (first, vote) = (evidence.set.commitments[0], try vote("Paris"))
        #expect(try verdict([.commitments(first, first)]) == .false)
        #expect(try verdict([.votes(vote, vote)]) == .false)
        #expect(try verdict([.reveal(first, vote)]) == .false, "an honest vote opens its commitment")
    }

    @Test func statementsOfDifferentPlacesProveNothing() throws {
        let (first, other) = (evidence.set.commitments[0], evidence.set.commitments[1])
        #expect(try verdict([.commitments(first, other)]) == .false)
        #expect(try verdict([.commitments(first, try commitment(round: 2))]) == .false)
        var foreign = try report([.commitments(first, try commitment())])
        foreign.request = DigestOf(Digest.of("another", []))
        #expect(MisbehaviourVerification(of: foreign, networkFile: nil).verdict == .false)
    }

    @Test func aForgedStatementProvesNothing() throws {
        let first = evidence.set.commitments[0]
        var forged = try commitment()
        forged.signature = first.signature
        #expect(try verdict([.commitments(first, forged)]) == .false)
        #expect(try verdict([.commitments(forged, first)]) == .false)
        var vote = try vote("London")
        vote.signature = first.signature
        #expect(try verdict([.votes(try self.vote("Paris"), vote)]) == .false)
        #expect(try verdict([.reveal(first, vote)]) == .false)
    }

    @Test func whatOnlyTheAggregatorSaysIsNotProven() throws {
        let at = Timestamp(seconds: 1_800_000_000)
        let first = evidence.set.commitments[0]
        let late = Fault(
            kind: .lateCommitment, round: 1, node: node, recordedAt: at, statement: .commitment(first))
        #expect(try verdict([], faults: [late]) == .notProven)
        #expect(try verdict([]) == .notProven)
        var foreign = late
        foreign.node = evidence.set.commitments[1].body.node
        #expect(try verdict([], faults: [foreign]) == .false)
        var forged = first
        forged.signature = evidence.set.commitments[1].signature
        let statement = Fault(
            kind: .lateCommitment, round: 1, node: node, recordedAt: at, statement: .commitment(forged))
        #expect(try verdict([], faults: [statement]) == .false)
    }

    @Test func aReportSurvivesBeingWrittenAndRead() throws {
        let at = Timestamp(seconds: 1_800_000_000)
        let share = RecordedShare(
            decision: DigestOf(Digest.of("decision", [])),
            commitments: [NonceReply(signer: 1, hiding: "a", binding: "b")], reply: ShareReply(signer: 1, share: "c"))
        let first = evidence.set.commitments[0]
        let report = try report(
            [
                .commitments(first, try commitment()), .votes(try vote("Paris"), try vote("London")),
                .reveal(first, try vote("London")),
            ],
            faults: [
                Fault(kind: .badSignatureShare, round: 1, signer: 1, recordedAt: at, statement: .share(share)),
                Fault(kind: .lateReveal, round: 1, node: node, recordedAt: at, statement: .vote(try vote("Paris"))),
                Fault(kind: .noAnswer, round: 1, signer: 2, recordedAt: at),
            ])
        let bytes = try CanonicalJSON.encode(report)
        #expect(try CanonicalJSON.decode(MisbehaviourReport.self, from: bytes) == report)
    }
}
