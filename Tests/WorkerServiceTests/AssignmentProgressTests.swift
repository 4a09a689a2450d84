import Canonical
import Consensus
import Cryptography
import DNAProtocol
import TestKit
import Testing
import WorkerService

/// The state machine by equations: no disk, no engine, no network.
struct AssignmentProgressTests {
    private let fixture: Fixture
    private let assignment: Assignment
    private let identity: NodeIdentity
    private let check: AssignmentCheck
    private let answer: ComputedAnswer

    init() throws {
        fixture = try Fixture(operators: [(1, 1), (1, 1), (1, 1), (1, 1), (1, 1)])
        let request = try fixture.request()
        assignment = Assignment(
            request: request, committee: try fixture.committee(request), deadline: Timestamp(seconds: 1_800_000_000))
        identity = NodeIdentity(key: try #require(fixture.nodes[assignment.committee.members[0].node]))
        check = try AssignmentCheck(
            genesis: fixture.genesis, node: identity.node, models: [fixture.model()], roster: fixture.roster.roster)
        answer = ComputedAnswer(
            prompt: Prompt(tokens: [1, 2]), output: Output(tokens: [3], text: "a", finishReason: .length),
            trace: Digest.of("trace", []), timings: nil)
    }

    private func refusal(_ action: AssignmentProgress.Action) -> String? {
        guard case .finish(.refused(let field)) = action else { return nil }
        return field.field
    }

    /// Goes on until the commitment is accepted, with a journal that is empty.
    private func committed() throws -> (AssignmentProgress, Commitment) {
        var progress = try AssignmentProgress(assignment, identity: identity)
        guard case .record(let committee) = try progress.begin(check) else { throw Unexpected() }
        #expect(try progress.handle(.recorded(committee.value)) == .compute(assignment.request))
        guard case .record(let opening) = try progress.handle(.computed(answer)) else { throw Unexpected() }
        guard case .sendCommitment(let commitment) = try progress.handle(.recorded(opening.value)) else {
            throw Unexpected()
        }
        #expect(commitment.body.opening.digest == opening.value)
        #expect(try progress.handle(.commitmentAccepted) == .awaitSet)
        return (progress, commitment)
    }

    private func set(_ own: [Commitment]) throws -> CommitmentSet {
        let others = try assignment.committee.members.dropFirst().map { member in
            try fixture.commitment(to: fixture.body(assignment.request, assignment.committee, member.node, text: "x"))
        }
        return CommitmentSet(round: 1, commitments: others + own)
    }

    @Test func goesFromAssignmentToVote() throws {
        var (progress, commitment) = try committed()
        let ballot = try Ballot(request: assignment.request, committee: assignment.committee)
        try ballot.check(commitment)
        let set = try set([commitment])
        let root = try set.root()
        #expect(
            try progress.handle(.setClosed(set))
                == .record(JournalEntry(.set, request: progress.request, round: 1, value: root)))
        guard case .sendVote(let vote) = try progress.handle(.recorded(root)) else {
            Issue.record("no vote")
            return
        }
        try ballot.check(vote.vote, in: set, root: root)
        #expect(vote.output == answer.output && vote.prompt == answer.prompt)
        #expect(try progress.handle(.voteAccepted) == .finish(.voted))
    }

    @Test func repeatsTheSameBytes() throws {
        #expect(try committed().1 == committed().1)
    }

    @Test func worksForNoSecondCommittee() throws {
        var progress = try AssignmentProgress(assignment, identity: identity)
        _ = try progress.begin(check)
        #expect(refusal(try progress.handle(.recorded(Digest.of("other", [])))) == "committee")
    }

    @Test func commitsToNoSecondOpening() throws {
        var progress = try AssignmentProgress(assignment, identity: identity)
        guard case .record(let entry) = try progress.begin(check) else { return }
        _ = try progress.handle(.recorded(entry.value))
        _ = try progress.handle(.computed(answer))
        #expect(refusal(try progress.handle(.recorded(Digest.of("other", [])))) == "opening")
    }

    @Test func votesInNoSecondSet() throws {
        var (progress, commitment) = try committed()
        _ = try progress.handle(.setClosed(try set([commitment])))
        #expect(refusal(try progress.handle(.recorded(Digest.of("other", [])))) == "set")
    }

    @Test func votesInNoSetWithoutItsOwnCommitment() throws {
        var (progress, _) = try committed()
        #expect(refusal(try progress.handle(.setClosed(try set([])))) == "set.commitments")
    }

    @Test func votesInNoSetWithAForgedCommitment() throws {
        var (progress, commitment) = try committed()
        var forged = try set([commitment])
        let index = try #require(forged.commitments.firstIndex { $0.body.node != identity.node })
        forged.commitments[index].body.opening = commitment.body.opening
        #expect(refusal(try progress.handle(.setClosed(forged))) == "commitment.signature")
    }

    private struct Alteration: Sendable {
        let field: String
        let alter: @Sendable (inout Assignment) -> Void
    }

    private static let other = Digest.of("another", [])
    private static let alterations: [Alteration] = [
        Alteration(field: "committee.request") { $0.request.maximumTokens += 1 },
        Alteration(field: "request.model") { $0.request.model = ModelID(other) },
        Alteration(field: "request.network") { $0.request.network = NetworkID(other) },
        Alteration(field: "policy.committee") { $0.request.policy = Policy(rule: .majority, committee: 2) },
        Alteration(field: "max_tokens") { $0.request.maximumTokens = 0 },
        Alteration(field: "committee.network") { $0.committee.network = NetworkID(other) },
        Alteration(field: "committee.round") { $0.committee.round = 0 },
        Alteration(field: "committee.members") { $0.committee.members.removeLast() },
        Alteration(field: "committee.members") { $0.committee.members[1].operator = "somebody" },
    ]

    @Test(arguments: alterations.indices) func refusesAnAlteredAssignment(_ index: Int) throws {
        let alteration = Self.alterations[index]
        var altered = assignment
        alteration.alter(&altered)
        var progress = try AssignmentProgress(altered, identity: identity)
        #expect(refusal(try progress.begin(check)) == alteration.field)
    }

    @Test func refusesWorkForAnotherNode() throws {
        let outsider = NodeIdentity(key: Ed25519.SigningKey())
        let check = try AssignmentCheck(
            genesis: fixture.genesis, node: outsider.node, models: [fixture.model()], roster: nil)
        var progress = try AssignmentProgress(assignment, identity: outsider)
        #expect(refusal(try progress.begin(check)) == "committee.members")
    }

    @Test func saltsDependOnNodeRequestAndRound() throws {
        let request = try assignment.request.requestID()
        let other = RequestID(Digest.of("other", []))
        let stranger = NodeIdentity(key: Ed25519.SigningKey())
        let salts = [
            identity.salt(request: request, round: 1), identity.salt(request: request, round: 2),
            identity.salt(request: other, round: 1), stranger.salt(request: request, round: 1),
        ]
        #expect(Set(salts).count == 4)
        #expect(salts[0] == NodeIdentity(key: identity.key).salt(request: request, round: 1))
    }

    @Test func journalKeysDifferByKindRequestAndRound() throws {
        let value = Digest.of("value", [])
        let requests = [RequestID(Digest.of("a", [])), RequestID(Digest.of("b", []))]
        let keys = JournalEntry.Kind.allCases.flatMap { kind in
            requests.flatMap { request in
                [1, 2].map { JournalEntry(kind, request: request, round: $0, value: value).key }
            }
        }
        #expect(Set(keys).count == 12)
    }
}
