public import Canonical
public import DNAProtocol

/// What one round's commitments and votes are held against.
///
/// A refusal says which rule a message broke; it is the sender's fault, never the checker's.
public struct Ballot: Sendable {
    /// The request.
    public let request: Request
    /// The request's randomness.
    public let randomness: Randomness
    /// The round's committee.
    public let committee: Committee
    private let requestID: RequestID
    private let committeeID: CommitteeID

    /// A token of a prompt stands for one byte of the input at least, or was put there by the chat template.
    private static let templateTokens = 65_536
    /// The most bytes of an answer's text for each of its tokens.
    private static let bytesPerToken = 1_024

    /// Opens a ballot for `request` among `committee`.
    public init(request: Request, committee: Committee) throws {
        self.request = request
        self.committee = committee
        requestID = try request.requestID()
        committeeID = try committee.committeeID()
        randomness = Randomness(of: request, id: requestID)
    }

    /// Checks that a member of this committee signed `commitment` for this round.
    public func check(_ commitment: Commitment) throws {
        let body = commitment.body
        try require(body.version == 1, "commitment.version", "must be 1")
        try require(body.network == request.network, "commitment.network", "is not the request's")
        try require(body.request == requestID, "commitment.request", "is not this request")
        try require(body.round == committee.round, "commitment.round", "is not this round")
        try require(body.committee == committeeID, "commitment.committee", "is not this committee")
        try require(committee.member(body.node) != nil, "commitment.node", "is not on the committee")
        try require(
            try body.isSigned(by: body.node, commitment.signature), "commitment.signature", "does not verify")
    }

    /// Checks a closed set: at most one valid commitment per member, in order.
    public func check(_ set: CommitmentSet) throws {
        try require(set.round == committee.round, "set.round", "is not this round")
        try require(set.commitments.count <= committee.members.count, "set.commitments", "are more than members")
        for (earlier, later) in zip(set.commitments, set.commitments.dropFirst()) {
            try require(earlier.body.node < later.body.node, "set.commitments", "must be in ascending order of nodes")
        }
        for commitment in set.commitments { try check(commitment) }
    }

    /// Checks that `vote` is for this round and opens its node's commitment in `set`, whose root is `root`.
    public func check(_ vote: Vote, in set: CommitmentSet, root: Digest) throws {
        let body = vote.body
        try require(vote.set == root, "vote.set", "is not the round's commitment set")
        guard let commitment = set.commitment(of: body.node) else {
            throw InvalidField("vote.node", "has no commitment in the set")
        }
        let opening = try Opening(vote: body, salt: vote.salt).digest()
        try require(opening == commitment.body.opening, "vote", "does not open the node's commitment")
        try check(body)
        try require(try vote.isSigned(), "vote.signature", "does not verify")
    }

    /// Checks that a vote's prompt and output, which travel with it, are those it names, and no larger than the request
    /// can lead to: they are kept, also of a vote that loses.
    public func checkAnswer(of submission: VoteSubmission) throws {
        let (body, output) = (submission.vote.body, submission.output)
        try require(
            submission.prompt.tokens.count <= request.input.byteCount + Self.templateTokens, "prompt",
            "is longer than the request can make it")
        try require(
            output.text.utf8.count <= (output.tokens.count + 1) * Self.bytesPerToken, "output.text",
            "is longer than its tokens can make it")
        try require(try submission.prompt.promptID() == body.prompt, "prompt", "is not the vote's")
        try require(try output.outputID() == body.output, "output", "is not the vote's")
        try require(output.tokens.count == body.tokens, "vote.tokens", "is not the output's")
        try require(output.finishReason == body.finishReason, "vote.finish_reason", "is not the output's")
    }

    /// Whether a member of this committee signed `commitment` for this round, right or wrong.
    public func isSignedHere(_ commitment: Commitment) throws -> Bool {
        isHere(commitment.place) ? try commitment.isSigned() : false
    }

    /// Whether a member of this committee signed `vote` for this round, right or wrong.
    public func isSignedHere(_ vote: Vote) throws -> Bool { isHere(vote.place) ? try vote.isSigned() : false }

    private func isHere(_ place: Contradiction.Place) -> Bool {
        place.network == request.network && place.request == requestID && place.round == committee.round
            && committee.member(place.node) != nil
    }

    private func check(_ body: Vote.Body) throws {
        try require(body.version == 1, "vote.version", "must be 1")
        try require(body.network == request.network, "vote.network", "is not the request's")
        try require(body.roster == committee.roster, "vote.roster", "is not the committee's")
        try require(body.request == requestID, "vote.request", "is not this request")
        try require(body.model == request.model, "vote.model", "is not the request's")
        try require(body.numerics == Manifest.numerics, "vote.numerics", "is not \(Manifest.numerics)")
        try require(body.policy == request.policy, "vote.policy", "is not the request's")
        try require(body.seed == randomness.seed, "vote.seed", "is not the request's")
        try require(body.seedSource == randomness.seedSource, "vote.seed_source", "is not the request's")
        try require(body.round == committee.round, "vote.round", "is not this round")
        try require(body.committee == committeeID, "vote.committee", "is not this committee")
        try require(
            body.tokens >= 0 && body.tokens <= request.maximumTokens, "vote.tokens", "exceed the request's limit")
    }
}

/// Throws ``InvalidField`` unless `condition` holds.
func require(
    _ condition: @autoclosure () throws -> Bool, _ field: String, _ reason: @autoclosure () -> String
) throws {
    if try !condition() { throw InvalidField(field, reason()) }
}
