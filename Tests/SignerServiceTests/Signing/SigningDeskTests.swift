import Canonical
import Consensus
import Cryptography
import DNAProtocol
import SignerService
import TestKit
import Testing
import Threshold

@Suite struct SigningDeskTests {
    let stage: Stage

    init() throws { stage = try Stage() }

    private func expectRefusal<Reply>(_ refusal: Refusal, _ body: () throws -> Reply) {
        #expect(throws: refusal) { _ = try body() }
    }

    private func expectRefusal<Reply>(of field: String, _ body: () throws -> Reply) {
        #expect("\(field)") {
            _ = try body()
        } throws: { error in
            guard case Refusal.invalid(let invalid) = error else { return false }
            return invalid.field == field
        }
    }

    @Test(arguments: [[1, 2, 3], [1, 2, 4], [1, 3, 4], [2, 3, 4], [1, 2, 3, 4]])
    func anyThreeOfFourMakeAPlainEd25519Signature(numbers: [Int]) throws {
        let certificate = try stage.certify(numbers)
        #expect(try certificate.isSelfConsistent())
        let message = Array("dna/certificate/1\n".utf8) + (try CanonicalJSON.encode(stage.decision))
        #expect(stage.file.groupKey.verifies(certificate.signature, of: message))
    }

    @Test func aBundleWithItsCertificateVerifiesAgainstTheNetworkFile() throws {
        let certificate = try stage.certify([2, 3, 4])
        let output = Output(tokens: Array("Paris".utf8).map(Int.init), text: "Paris", finishReason: .stop)
        let bundle = Bundle(
            certificate: certificate, evidence: stage.evidence, prompt: Prompt(tokens: [1, 2, 3]), output: output)
        #expect(Verification(of: bundle, networkFile: stage.file).verdict == .valid)
    }

    @Test func aDecisionChangedInAnyFieldIsRefusedAndNotRecorded() throws {
        guard case .object(let fields) = try CanonicalJSON.value(of: stage.decision) else {
            return #expect(Bool(false), "a decision is an object")
        }
        for (key, value) in fields where key != "decided_at" {
            var changed = fields
            changed[key] = change(value, of: key)
            let decision = try CanonicalJSON.decode(Decision.self, from: .object(changed))
            #expect(decision != stage.decision, "\(key)")
            let promises = try stage.promises([1, 2, 3], for: decision)
            #expect(throws: Refusal.self, "\(key)") { try stage.sign(1, decision: decision, promises: promises) }
        }
        // Had one of them been recorded, the true one would be refused now.
        #expect(try stage.certify([1, 2, 3]).isSelfConsistent())
    }

    private func change(_ value: JSONValue, of key: String) -> JSONValue {
        switch (key, value) {
        case ("seed_source", _): .string("client")
        case ("finish_reason", _): .string("length")
        case ("model", _): .string("\(ModelID(Digest.of("other", [])))")
        case (_, .string(let text)) where text.count == 64: .string(Digest.of("other", Array(text.utf8)).hex)
        case (_, .string(let text)): .string(text + "x")
        case (_, .integer(let number)): .integer(number + 1)
        case (_, .array(let items)): .array(Array(items.dropLast()))
        case (_, .object(var fields)):
            .object(
                {
                    fields["maximum_committee"] = .integer(9)
                    return fields
                }())
        default: value
        }
    }

    @Test func tooFewVotesAreRefused() throws {
        var evidence = stage.evidence
        evidence.votes.removeLast(2)
        let decision = try stage.fixture.decision(evidence, at: Stage.clock)
        expectRefusal(of: "votes") { try stage.sign(1, decision: decision, evidence: evidence) }
    }

    @Test func anotherPolicyThanTheConstructorsIsRefused() throws {
        let loose = Policy(rule: .majority, committee: 2, maximumCommittee: 3)
        let request = try stage.fixture.request(policy: loose)
        let evidence = try stage.fixture.evidence(request)
        let decision = try stage.fixture.decision(evidence, at: Stage.clock)
        expectRefusal(of: "policy.committee") { try stage.sign(1, decision: decision, evidence: evidence) }
    }

    @Test func aDecisionOfAnotherTimeIsRefused() throws {
        let (tolerance, lifetime) = (SigningDesk.decisionTolerance, SigningDesk.decisionLifetime)
        for distance in [lifetime + 1, -tolerance - 1] {
            expectRefusal(.staleDecision) { try stage.sign(1, clock: Stage.clock + distance) }
        }
        #expect(try stage.sign(1, clock: Stage.clock + -tolerance).signer == 1)
        #expect(try stage.sign(2, clock: Stage.clock + lifetime).signer == 2)
    }

    @Test func oneOfManyConcurrentUsesOfTheSameNoncesGetsAShare() async throws {
        let desk = stage.desk(1)
        let request = ShareRequest(
            decision: stage.decision, evidence: stage.evidence, commitments: try stage.promises([1, 2, 3]))
        let now = stage.now
        let shares = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { (try? desk.sign(request, at: now, clock: Stage.clock)) != nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(shares == 1)
    }

    @Test func moreCommitmentsThanSignersAreRefusedBeforeAnyIsRead() throws {
        let promises = try stage.promises([1, 2, 3])
        let rubbish = (0..<5).map { _ in NonceReply(signer: -1, hiding: "", binding: "") }
        expectRefusal(of: "commitments") { try stage.sign(1, promises: promises + rubbish) }
    }

    @Test func aRecordedDecisionIsSignedAgainHoweverOld() throws {
        _ = try stage.sign(1)
        #expect(try stage.sign(1, clock: Stage.clock + SigningDesk.decisionLifetime + 1).signer == 1)
    }

    @Test func aSecondDecisionForARequestIsRefused() throws {
        _ = try stage.sign(1)
        let other = try stage.fixture.decision(stage.evidence, at: Stage.clock + 1)
        expectRefusal(.alreadyDecided) { try stage.sign(1, decision: other) }
        try stage.open(1)
        expectRefusal(.alreadyDecided) { try stage.sign(1, decision: other) }
        #expect(try stage.sign(2, decision: other).signer == 2)
    }

    @Test func theSameDecisionIsSignedAgainAfterARestartWithNewNonces() throws {
        let promises = try stage.promises([1, 2, 3])
        let first = try stage.sign(1, promises: promises)
        try stage.open(1)
        expectRefusal(.unknownNonces) { try stage.sign(1, promises: promises) }
        let second = try stage.sign(1)
        #expect(first.share != second.share)
        #expect(try stage.certify([1, 3, 4]).isSelfConsistent())
    }

    @Test func noncesServeOnce() throws {
        let promises = try stage.promises([1, 2, 3])
        _ = try stage.sign(1, promises: promises)
        expectRefusal(.unknownNonces) { try stage.sign(1, promises: promises) }
    }

    @Test func noncesServeTheirDecisionOnly() throws {
        let other = try stage.fixture.decision(stage.evidence, at: Stage.clock + 1)
        let promises = try stage.promises([1, 2, 3], for: other)
        expectRefusal(.unknownNonces) { try stage.sign(1, promises: promises) }
    }

    @Test func noncesExpire() throws {
        let promises = try stage.promises([1, 2, 3])
        expectRefusal(.unknownNonces) { try stage.sign(1, promises: promises, after: NonceTable.lifetime) }
    }

    @Test func anotherCommitmentThanTheOneGivenOutIsRefused() throws {
        var promises = try stage.promises([1, 2, 3])
        promises[0].hiding = promises[1].hiding
        expectRefusal(.unknownNonces) { try stage.sign(1, promises: promises) }
        expectRefusal(.unknownNonces) { try stage.sign(1, promises: try stage.promises([2, 3, 4])) }
    }

    @Test func aListOfCommitmentsThatIsNotOneIsRefused() throws {
        let promises = try stage.promises([1, 2, 3])
        expectRefusal(of: "commitments") { try stage.sign(1, promises: Array(promises.prefix(2))) }
        expectRefusal(of: "commitments") { try stage.sign(1, promises: promises + [promises[2]]) }
        var broken = promises
        broken[1].binding = String(repeating: "0", count: 64)
        expectRefusal(of: "commitments[1].binding") { try stage.sign(1, promises: broken) }
        #expect(try stage.sign(1, promises: promises).signer == 1, "nothing was spent on the way")
    }

    /// A decision of the first epoch that is brought after the signer has pinned `newest`.
    private func signOld(
        after newest: [SignedRoster], text: String = "old", isWinner: (Int) -> Bool = { _ in true }
    ) throws -> ShareReply {
        for roster in newest { try stage.open(1, pinned: roster) }
        let evidence = try stage.fixture.evidence(try stage.fixture.request(text)) { isWinner($0) ? "Paris" : "London" }
        let decision = try stage.fixture.decision(evidence, at: Stage.clock) { vote in
            evidence.committee.members.firstIndex { $0.node == vote.body.node }.map(isWinner) ?? false
        }
        return try stage.sign(1, decision: decision, evidence: evidence)
    }

    private func member(_ index: Int, of text: String = "old") throws -> Ed25519.PublicKey {
        try stage.fixture.committee(try stage.fixture.request(text)).members[index].node
    }

    @Test func aNewerRosterIsPinnedAndOneItKnowsStillCounts() throws {
        var later = stage.fixture
        later.roster = try stage.fixture.nextRoster()
        let evidence = try later.evidence(try later.request("later"))
        let decision = try later.decision(evidence, at: Stage.clock)
        _ = try stage.sign(1)
        #expect(try stage.sign(1, decision: decision, evidence: evidence).signer == 1)
        let old = try stage.fixture.evidence(try stage.fixture.request("old"))
        let late = try stage.fixture.decision(old, at: Stage.clock)
        #expect(try stage.sign(1, decision: late, evidence: old).signer == 1, "nothing has changed for its voters")
    }

    @Test func aVoterThatWasRevokedMeanwhileCountsForNothing() throws {
        let revoked = try roster(listing: try member(0), as: .revoked)
        expectRefusal(.voterRevoked) { try signOld(after: [revoked]) }
        // It was on the committee and lost: the decision never was its own.
        #expect(try signOld(after: [revoked]) { $0 != 0 }.signer == 1)
    }

    @Test(arguments: [Roster.Status.left, nil])
    func aVoterThatHasLeftSinceHasStillVoted(status: Roster.Status?) throws {
        let next = try roster(listing: try member(0), as: status)
        #expect(try signOld(after: [next]).signer == 1)
    }

    /// The next epoch, with a node in another state, or without it.
    private func roster(listing node: Ed25519.PublicKey, as status: Roster.Status?) throws -> SignedRoster {
        try stage.fixture.nextRoster { roster in
            guard let status else { return roster.nodes.removeAll { $0.key == node } }
            for index in roster.nodes.indices where roster.nodes[index].key == node {
                roster.nodes[index].status = status
            }
        }
    }

    @Test func anEpochThatWasBroughtBindsBeforeAnyEvidenceShowsIt() throws {
        let voter = try member(0)
        let next = try stage.fixture.nextRoster { roster in
            for index in roster.nodes.indices where roster.nodes[index].key == voter {
                roster.nodes[index].status = .revoked
            }
        }
        let pinned = PinnedRoster(signer: 1, roster: try next.roster.rosterID(), epoch: 2)
        #expect(try stage.desk(1).take(next) == pinned)
        #expect(try stage.desk(1).take(next) == pinned, "brought twice")
        #expect(try stage.desk(1).take(stage.fixture.roster) == pinned, "an older one that is known changes nothing")
        let evidence = try stage.fixture.evidence(try stage.fixture.request("old"))
        let decision = try stage.fixture.decision(evidence, at: Stage.clock)
        expectRefusal(.voterRevoked) { try stage.sign(1, decision: decision, evidence: evidence) }
        #expect(try stage.sign(2, decision: decision, evidence: evidence).signer == 2, "nobody has told this one")
    }

    @Test func anEpochThatContradictsOrIsNotSignedIsNotTaken() throws {
        let desk = stage.desk(1)
        let next = try stage.fixture.nextRoster()
        var unsigned = next
        unsigned.signatures = []
        expectRefusal(of: "signatures") { try desk.take(unsigned) }
        _ = try desk.take(next)
        let fork = try stage.fixture.nextRoster { $0.operators[0].weight = 5 }
        expectRefusal(.rosterContradictory) { try desk.take(fork) }
        #expect(desk.rosterEpoch == 2)
        try stage.open(1, pinned: try stage.fixture.nextRoster(after: next))
        expectRefusal(.rosterSuperseded) { try stage.desk(1).take(stage.fixture.roster) }
    }

    @Test func aVoterOfAnotherOperatorByNowCountsForNothing() throws {
        let voter = try member(1)
        let next = try stage.fixture.nextRoster { roster in
            for index in roster.nodes.indices where roster.nodes[index].key == voter {
                roster.nodes[index].operator = roster.operators.first { $0.name != roster.nodes[index].operator }!.name
            }
        }
        expectRefusal(.voterRevoked) { try signOld(after: [next]) }
    }

    @Test func otherWeightsOverruleAnOlderEpoch() throws {
        let next = try stage.fixture.nextRoster { $0.operators[2].weight = 7 }
        expectRefusal(.rosterSuperseded) { try signOld(after: [next]) }
    }

    @Test func anEpochTheSignerNeverHeardOfCountsForNothing() throws {
        let second = try stage.fixture.nextRoster()
        let third = try stage.fixture.nextRoster(after: second)
        // The third names the second; of the first it says nothing.
        expectRefusal(.rosterSuperseded) { try signOld(after: [third]) }
        try stage.open(1, pinned: second)
        #expect(try signOld(after: [second]).signer == 1)
    }

    @Test func whatASignerMissedIsLearntBackwardsFromTheNewest() throws {
        let all = try (0..<4).reduce(into: [stage.fixture.roster]) { all, _ in
            all.append(try stage.fixture.nextRoster(after: all.last))
        }
        var later = stage.fixture
        later.roster = all[1]
        let evidence = try later.evidence(try later.request("missed"))
        let decision = try later.decision(evidence, at: Stage.clock)
        let desk = stage.desk(1)
        // It knows the first, then sees the fifth, which names the fourth.
        #expect(try desk.take(all[4]).missing == 3)
        expectRefusal(.rosterSuperseded) { try stage.sign(1, decision: decision, evidence: evidence) }
        expectRefusal(.rosterSuperseded) { try desk.take(all[1]) }
        #expect(try desk.take(all[3]).missing == 2)
        #expect(try desk.take(all[3]).missing == 2, "brought twice")
        expectRefusal(.rosterSuperseded) { try stage.sign(1, decision: decision, evidence: evidence) }
        let fork = try stage.fixture.nextRoster(after: all[1]) { $0.operators[0].weight = 9 }
        expectRefusal(.rosterContradictory) { try desk.take(fork) }
        #expect(try desk.take(all[2]).missing == nil)
        #expect(desk.rosterEpoch == 5)
        #expect(try stage.sign(1, decision: decision, evidence: evidence).signer == 1)
    }

    @Test func whoWasRevokedMeanwhileCountsForNothingInAnEpochThatWasMissed() throws {
        let second = try stage.fixture.nextRoster()
        let voter = try member(0)
        let third = try stage.fixture.nextRoster(after: second) { roster in
            for index in roster.nodes.indices where roster.nodes[index].key == voter {
                roster.nodes[index].status = .revoked
            }
        }
        let fourth = try stage.fixture.nextRoster(after: third) { $0.nodes = third.roster.nodes }
        try stage.open(1, pinned: fourth)
        for roster in [third, second] { _ = try stage.desk(1).take(roster) }
        expectRefusal(.voterRevoked) { try signOld(after: []) }
    }

    @Test func whatASignerHasLearntOutlivesItsProcess() throws {
        let all = try (0..<3).reduce(into: [stage.fixture.roster]) { all, _ in
            all.append(try stage.fixture.nextRoster(after: all.last))
        }
        var pin = try RosterPin(all[3], in: stage.fixture.genesis)
        let wasNews = pin.learn(from: all[2].roster)
        #expect(wasNews && pin.missing == 1)
        let restarted = try RosterPin(all[3], known: pin.known, in: stage.fixture.genesis)
        #expect(restarted == pin)
    }

    @Test func nobodyAsksForEpochsThatWouldBeForgotten() throws {
        let all = try (0..<RosterPin.memory).reduce(into: [stage.fixture.roster]) { all, _ in
            all.append(try stage.fixture.nextRoster(after: all.last))
        }
        var pin = try RosterPin(try #require(all.last), in: stage.fixture.genesis)
        #expect(pin.missing == RosterPin.memory - 1)
        while let missing = pin.missing {
            // The one after it, which names it.
            let past = all[missing]
            #expect(try pin.relation(of: past, in: stage.fixture.genesis) == .past)
            let wasNews = pin.learn(from: past.roster)
            try #require(wasNews)
        }
        #expect(pin.known.map(\.number) == Array(2...RosterPin.memory + 1))
    }

    @Test func theLastSixtyFourEpochsAreRemembered() throws {
        var pin = try RosterPin(stage.fixture.roster, in: stage.fixture.genesis)
        var roster = stage.fixture.roster
        var all = [roster]
        for _ in 0..<RosterPin.memory {
            roster = try stage.fixture.nextRoster(after: roster)
            all.append(roster)
            try pin.advance(to: roster)
        }
        #expect(try pin.relation(of: all[0], in: stage.fixture.genesis) == .unknown)
        #expect(try pin.relation(of: all[1], in: stage.fixture.genesis) == .past)
        let restarted = try RosterPin(roster, known: pin.known, in: stage.fixture.genesis)
        #expect(restarted == pin, "a restart forgets nothing")
        let fork = try stage.fixture.nextRoster(after: all[1]) { $0.operators[0].weight = 9 }
        #expect(try pin.relation(of: fork, in: stage.fixture.genesis) == .contradictory)
    }

    @Test func aRosterThatContradictsThePinnedOneIsRefused() throws {
        var fork = stage.fixture
        var body = fork.roster.roster
        body.operators[0].weight = 2
        fork.roster = SignedRoster(
            roster: body,
            signatures: [
                .init(administrator: fork.administrator.publicKey, signature: try body.signed(by: fork.administrator))
            ]
        )
        let evidence = try fork.evidence(try fork.request())
        let decision = try fork.decision(evidence, at: Stage.clock)
        expectRefusal(.rosterContradictory) { try stage.sign(1, decision: decision, evidence: evidence) }
        fork.roster.signatures = []
        let unsigned = try fork.evidence(try fork.request())
        #expect(throws: Refusal.self) {
            try stage.sign(1, decision: try fork.decision(unsigned, at: Stage.clock), evidence: unsigned)
        }
    }
}
