import Canonical
import Consensus
import Cryptography
import DNAProtocol
import TestKit
import Testing

@Suite struct DecisionCheckTests {
    let fixture: Fixture
    let request: Request
    let check: DecisionCheck

    init() throws {
        fixture = try Fixture(operators: Array(repeating: (1, 1), count: 6))
        request = try fixture.request()
        check = try DecisionCheck(genesis: fixture.genesis)
    }

    private func decide(_ evidence: Evidence, winners: (Vote) -> Bool = { _ in true }) throws -> Decision {
        let decision = try Decision(
            winners: evidence.votes.filter(winners), set: try evidence.set.root(),
            decidedAt: Timestamp(seconds: 1_800_000_100))
        return try #require(decision)
    }

    /// Expects a refusal that names `field`.
    private func expectRefusal(of field: String, _ decision: Decision, _ evidence: Evidence) {
        #expect {
            try check.check(decision, evidence: evidence)
        } throws: { error in
            (error as? InvalidField)?.field == field
        }
    }

    @Test func acceptsWhatTheVotesLeadTo() throws {
        let unanimous = try fixture.evidence(request)
        try check.check(try decide(unanimous), evidence: unanimous)
        let split = try fixture.evidence(request) { $0 == 0 ? "London" : "Paris" }
        try check.check(try decide(split) { $0.body.tokens == 5 }, evidence: split)
    }

    @Test func refusesTheMinoritysAnswer() throws {
        let evidence = try fixture.evidence(request) { $0 == 0 ? "London" : "Paris" }
        expectRefusal(of: "decision", try decide(evidence) { $0.body.tokens == 6 }, evidence)
    }

    @Test func refusesADecisionThatDiffersInAnyField() throws {
        let evidence = try fixture.evidence(request)
        let decision = try decide(evidence)
        let other = Digest.of("other", [])
        let changes: [(inout Decision) -> Void] = [
            { $0.version = 2 }, { $0.network = NetworkID(other) }, { $0.roster = RosterID(other) },
            { $0.request = RequestID(other) }, { $0.model = ModelID(other) }, { $0.numerics = "dna-numerics-2" },
            { $0.seed = Seed(other) }, { $0.seedSource = .client }, { $0.policy.rule = .unanimous }, { $0.round = 2 },
            { $0.committee = CommitteeID(other) }, { $0.set = other }, { $0.prompt = PromptID(other) },
            { $0.output = OutputID(other) }, { $0.trace = other }, { $0.tokens += 1 }, { $0.finishReason = .length },
            { $0.votes = other }, { $0.voters.removeLast() },
        ]
        for change in changes {
            var altered = decision
            change(&altered)
            expectRefusal(of: "decision", altered, evidence)
        }
    }

    @Test func refusesTooFewVotes() throws {
        var evidence = try fixture.evidence(request)
        evidence.votes.removeLast(2)
        expectRefusal(of: "votes", try decide(evidence), evidence)
    }

    @Test func refusesAVoteThatOpensNoCommitment() throws {
        var evidence = try fixture.evidence(request)
        let decision = try decide(evidence)
        let node = evidence.votes[0].body.node
        let forged = try fixture.body(request, evidence.committee, node, text: "Rome")
        evidence.votes[0] = try Vote(
            body: forged, set: try evidence.set.root(), salt: fixture.salt(node), key: try #require(fixture.nodes[node])
        )
        expectRefusal(of: "vote", decision, evidence)
        evidence.votes[0] = try Vote(
            body: evidence.votes[1].body, set: try evidence.set.root(), salt: fixture.salt(node),
            key: try #require(fixture.nodes[node]))
        expectRefusal(of: "votes", decision, evidence)
    }

    @Test func refusesASignatureOfAnotherKey() throws {
        var evidence = try fixture.evidence(request)
        let decision = try decide(evidence)
        evidence.votes[0].signature = evidence.votes[1].signature
        expectRefusal(of: "vote.signature", decision, evidence)
        evidence = try fixture.evidence(request)
        evidence.set.commitments[0].signature = evidence.set.commitments[1].signature
        expectRefusal(of: "commitment.signature", try decide(evidence), evidence)
    }

    @Test func refusesACommitteeOfTheAggregatorsOwnChoosing() throws {
        var evidence = try fixture.evidence(request)
        let decision = try decide(evidence)
        let members = try fixture.ranking(request).members
        evidence.committee.members[2] = members[5]
        expectRefusal(of: "committee.members", decision, evidence)
        evidence.committee.members = Array(members.prefix(2))
        expectRefusal(of: "committee.members", decision, evidence)
        evidence.committee.members = Array(members.prefix(4))
        expectRefusal(of: "committee.members", decision, evidence)
    }

    @Test func refusesALooserPolicyThanTheConstructors() throws {
        let policy = Policy(rule: .unanimous, committee: 3)
        let strict = try Fixture(operators: Array(repeating: (1, 1), count: 4), policy: policy)
        let loose = try strict.request(policy: Policy(rule: .majority, committee: 3))
        let evidence = try strict.evidence(loose)
        let check = try DecisionCheck(genesis: strict.genesis)
        let decision = try decide(evidence)
        #expect(throws: InvalidField("policy.rule", "is weaker than the model's")) {
            try check.check(decision, evidence: evidence)
        }
    }

    @Test func refusesARosterNobodySigned() throws {
        var evidence = try fixture.evidence(request)
        let decision = try decide(evidence)
        evidence.roster.signatures = []
        expectRefusal(of: "signatures", decision, evidence)
        evidence = try fixture.evidence(request)
        evidence.roster.roster.operators[0].weight = 50
        expectRefusal(of: "signatures[0].signature", decision, evidence)
    }

    @Test func refusesAnotherManifest() throws {
        var evidence = try fixture.evidence(request)
        let decision = try decide(evidence)
        evidence.manifest.name = "another"
        expectRefusal(of: "manifest", decision, evidence)
        let model = try PublishedModel(ofSmallFiles: evidence.manifest)
        evidence.packageRoot = model.root
        expectRefusal(of: "request.model", decision, evidence)
    }
}
