package import Canonical
import Consensus
package import DNAProtocol

/// One assignment on its way from arrival to vote. A value: an event goes in, what to do next comes out; doing it is
/// somebody else's business.
///
/// Everything it makes is a function of the assignment, the node's key and the computed answer, so that a node that
/// starts again repeats the same bytes.
package struct AssignmentProgress: Sendable {
    /// What to do next.
    package enum Action: Hashable, Sendable {
        /// Make sure on disk that this and nothing else is the entry's value.
        case record(JournalEntry)
        /// Compute the answer.
        case compute(Request)
        /// Send the commitment.
        case sendCommitment(Commitment)
        /// Wait until the round's set is closed.
        case awaitSet
        /// Send the vote.
        case sendVote(VoteSubmission)
        /// Nothing more.
        case finish(Outcome)
    }

    /// How an assignment ends.
    package enum Outcome: Hashable, Sendable {
        /// The vote was accepted.
        case voted
        /// Something the node was sent breaks a rule; it goes no further.
        case refused(InvalidField)
    }

    /// What happened.
    package enum Event: Sendable {
        /// The journal holds this value for the entry that was to be recorded.
        case recorded(Digest)
        /// The answer is there.
        case computed(ComputedAnswer)
        /// The aggregator has the commitment.
        case commitmentAccepted
        /// The round's set is closed.
        case setClosed(CommitmentSet)
        /// The aggregator has the vote.
        case voteAccepted
    }

    private struct Promise {
        var answer: ComputedAnswer
        var body: Vote.Body
        var salt: Digest
        var commitment: Commitment
    }

    private enum State {
        case received
        case recordingCommittee(JournalEntry)
        case computing
        case recordingOpening(JournalEntry, Promise)
        case committing(Promise)
        case awaitingSet(Promise)
        case recordingSet(JournalEntry, Promise)
        case voting
        case finished
    }

    /// The assignment.
    package let assignment: Assignment
    /// Names the request.
    package let request: RequestID
    private let ballot: Ballot
    private let identity: NodeIdentity
    private var state = State.received

    /// An assignment for the node `identity`, just received.
    package init(_ assignment: Assignment, identity: NodeIdentity) throws {
        self.assignment = assignment
        self.identity = identity
        request = try assignment.request.requestID()
        ballot = try Ballot(request: assignment.request, committee: assignment.committee)
    }

    /// The round.
    package var round: Int { assignment.committee.round }

    /// The first action: a check, then the promise to work on no other committee in this round.
    package mutating func begin(_ check: AssignmentCheck) throws -> Action {
        guard case .received = state else { preconditionFailure("an assignment begins once") }
        return try refusing { progress in
            try check.check(progress.assignment)
            let committee = try progress.assignment.committee.committeeID().digest
            let entry = progress.entry(.committee, committee)
            progress.state = .recordingCommittee(entry)
            return .record(entry)
        }
    }

    /// What to do after `event`.
    ///
    /// An event that does not answer the last action is the caller's defect.
    package mutating func handle(_ event: Event) throws -> Action {
        try refusing { progress in
            switch (progress.state, event) {
            case (.recordingCommittee(let entry), .recorded(let value)):
                try require(value == entry.value, "committee", "is another one than before in this round")
                progress.state = .computing
                return .compute(progress.assignment.request)
            case (.computing, .computed(let answer)):
                return try progress.promise(answer)
            case (.recordingOpening(let entry, let promise), .recorded(let value)):
                try require(value == entry.value, "opening", "is another one than before in this round")
                progress.state = .committing(promise)
                return .sendCommitment(promise.commitment)
            case (.committing(let promise), .commitmentAccepted):
                progress.state = .awaitingSet(promise)
                return .awaitSet
            case (.awaitingSet(let promise), .setClosed(let set)):
                return try progress.accept(set, promise)
            case (.recordingSet(let entry, let promise), .recorded(let value)):
                try require(value == entry.value, "set", "is another one than before in this round")
                return try progress.vote(promise, set: entry.value)
            case (.voting, .voteAccepted):
                progress.state = .finished
                return .finish(.voted)
            default:
                preconditionFailure("an event that answers no action")
            }
        }
    }

    private mutating func refusing(_ step: (inout Self) throws -> Action) throws -> Action {
        do {
            return try step(&self)
        } catch let refusal as InvalidField {
            state = .finished
            return .finish(.refused(refusal))
        }
    }

    private func entry(_ kind: JournalEntry.Kind, _ value: Digest) -> JournalEntry {
        JournalEntry(kind, request: request, round: round, value: value)
    }

    private mutating func promise(_ answer: ComputedAnswer) throws -> Action {
        let body = try Vote.Body(
            request: assignment.request, randomness: ballot.randomness, committee: assignment.committee,
            node: identity.node, result: try answer.result())
        let salt = identity.salt(request: request, round: round)
        let opening = try Opening(vote: body, salt: salt).digest()
        let statement = Commitment.Body(
            network: body.network, request: request, round: round, committee: body.committee, node: identity.node,
            opening: opening)
        let commitment = Commitment(body: statement, signature: try statement.signed(by: identity.key))
        let entry = entry(.opening, opening.digest)
        state = .recordingOpening(entry, Promise(answer: answer, body: body, salt: salt, commitment: commitment))
        return .record(entry)
    }

    private mutating func accept(_ set: CommitmentSet, _ promise: Promise) throws -> Action {
        try ballot.check(set)
        try require(
            set.commitment(of: identity.node) == promise.commitment, "set.commitments",
            "do not include this node's commitment")
        let entry = entry(.set, try set.root())
        state = .recordingSet(entry, promise)
        return .record(entry)
    }

    private mutating func vote(_ promise: Promise, set: Digest) throws -> Action {
        let vote = try Vote(body: promise.body, set: set, salt: promise.salt, key: identity.key)
        state = .voting
        return .sendVote(VoteSubmission(vote: vote, prompt: promise.answer.prompt, output: promise.answer.output))
    }
}
