import Canonical
import Consensus
import Cryptography
import DNAProtocol
import TestKit
import Testing

/// What travels with a vote is kept whether it wins or loses: so it may be no larger than the request can make it.
@Suite struct BallotTests {
    private let fixture: Fixture
    private let request: Request
    private let committee: Committee
    private let ballot: Ballot

    init() throws {
        fixture = try Fixture()
        request = try fixture.request("Hello")
        committee = try fixture.committee(request)
        ballot = try Ballot(request: request, committee: committee)
    }

    private func submission(
        prompt: Prompt = Prompt(tokens: [1, 2, 3]),
        output: Output = Output(tokens: [1, 2], text: "Paris", finishReason: .stop)
    ) throws -> VoteSubmission {
        let (node, key) = try #require(fixture.nodes.first { committee.member($0.key) != nil })
        let body = try Vote.Body(
            request: request, randomness: ballot.randomness, committee: committee, node: node,
            result: .init(prompt: try prompt.promptID(), output: output, trace: Digest.of("trace", [])))
        let vote = try Vote(body: body, set: Digest.of("set", []), salt: fixture.salt(node), key: key)
        return VoteSubmission(vote: vote, prompt: prompt, output: output)
    }

    /// The field that breaks a rule; nil when none does.
    private func refusal(_ submission: VoteSubmission) throws -> String? {
        do {
            try ballot.checkAnswer(of: submission)
            return nil
        } catch let error as InvalidField {
            return error.field
        }
    }

    @Test func anAnswerThatIsTheVotesIsTaken() throws {
        #expect(try refusal(submission()) == nil)
    }

    @Test func aPromptMayHaveATokenForEachByteAndThoseOfATemplate() throws {
        let most = 65_536 + "Hello".utf8.count
        for (count, field) in [(most, nil), (most + 1, "prompt")] {
            let prompt = Prompt(tokens: Array(repeating: 1, count: count))
            #expect(try refusal(submission(prompt: prompt)) == field, "\(count) tokens")
        }
    }

    @Test func aTextMayHaveSoManyBytesForEachToken() throws {
        for (tokens, bytes, field) in [
            (0, 1_024, nil), (0, 1_025, "output.text"), (2, 3_072, nil), (2, 3_073, "output.text"),
        ] {
            let output = Output(
                tokens: Array(repeating: 1, count: tokens), text: String(repeating: "x", count: bytes),
                finishReason: .stop)
            #expect(try refusal(submission(output: output)) == field, "\(bytes) bytes for \(tokens) tokens")
        }
    }

    @Test func anAnswerHasNoMoreTokensThanWereAskedFor() throws {
        for (count, field) in [(request.maximumTokens, nil), (request.maximumTokens + 1, "vote.tokens")] {
            let output = Output(tokens: Array(repeating: 1, count: count), text: "", finishReason: .length)
            var vote = try submission(output: output).vote
            let set = CommitmentSet(round: 1, commitments: [try fixture.commitment(to: vote.body)])
            let key = try #require(fixture.nodes[vote.body.node])
            vote = try Vote(body: vote.body, set: try set.root(), salt: vote.salt, key: key)
            var refusal: String?
            do { try ballot.check(vote, in: set, root: vote.set) } catch let error as InvalidField {
                refusal = error.field
            }
            #expect(refusal == field, "\(count) tokens")
        }
    }

    @Test func whatTravelsWithAVoteIsWhatItNames() throws {
        var other = try submission()
        other.prompt = Prompt(tokens: [1, 2, 4])
        #expect(try refusal(other) == "prompt")
        other = try submission()
        other.output.text = "London"
        #expect(try refusal(other) == "output")
    }

    @Test func tokensAndFinishReasonOfAVoteAreItsOutputs() throws {
        var miscounted = try submission()
        miscounted.vote.body.tokens = 3
        #expect(try refusal(miscounted) == "vote.tokens")
        var misnamed = try submission()
        misnamed.vote.body.finishReason = .length
        #expect(try refusal(misnamed) == "vote.finish_reason")
    }
}
