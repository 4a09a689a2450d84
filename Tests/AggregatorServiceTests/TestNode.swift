import Canonical
import Consensus
import Cryptography
import DNAProtocol
import HTTPTransport
import HTTPTypes
import NIOCore
import ServiceKit
import TestKit

/// A worker without a model: what it answers is told by the test.
struct TestNode: Sendable {
    let key: Ed25519.SigningKey
    let fixture: Fixture
    let clock: ManualClock
    let client: HTTPClient
    let origin: HTTPOrigin

    var json: JSONClient { JSONClient(client, origin: origin, retry: .never) }

    func poll(wait: Int = 30, at: Timestamp? = nil, signedBy signer: Ed25519.SigningKey? = nil) throws -> AssignmentPoll
    {
        let body = AssignmentPoll.Body(
            network: try fixture.genesis.networkID(), node: key.publicKey, models: [try fixture.model().id],
            wait: wait, at: at ?? clock.now())
        return try AssignmentPoll(body: body, key: signer ?? key)
    }

    func nextAssignment() async throws -> Assignment {
        while true {
            if let assignment: Assignment = try await json.poll(
                "/v1/assignments/poll", try poll(), deadline: .seconds(60))
            {
                return assignment
            }
        }
    }

    /// What this node has to say when it computes `text`.
    func submission(
        _ assignment: Assignment, text: String, in root: Digest
    ) throws -> (commitment: Commitment, submission: VoteSubmission) {
        let body = try fixture.body(assignment.request, assignment.committee, key.publicKey, text: text)
        let vote = try Vote(body: body, set: root, salt: fixture.salt(key.publicKey), key: key)
        let output = Output(tokens: Array(text.utf8).map(Int.init), text: text, finishReason: .stop)
        return (
            try fixture.commitment(to: body),
            VoteSubmission(vote: vote, prompt: Prompt(tokens: [1, 2, 3]), output: output)
        )
    }

    func path(_ assignment: Assignment, _ kind: String) -> String {
        "/v1/requests/\(assignment.committee.request)/rounds/\(assignment.committee.round)/\(kind)"
    }

    func commit(_ assignment: Assignment, text: String) async throws {
        let commitment = try submission(assignment, text: text, in: Digest.of("none", [])).commitment
        try await json.post(path(assignment, "commitments"), commitment)
    }

    /// The closed set; nil when the round is over.
    func set(_ assignment: Assignment) async throws -> CommitmentSet? {
        while true {
            let response = try await client.send(
                .get, path(assignment, "set?wait=30"), to: origin, deadline: .seconds(60))
            switch response.status {
            case .ok: return try CanonicalJSON.decode(CommitmentSet.self, from: Array(response.body.readableBytesView))
            case .noContent: continue
            case .gone: return nil
            default: throw ServiceError(.badUpstream, "\(response.status)")
            }
        }
    }

    func vote(_ assignment: Assignment, text: String, in set: CommitmentSet) async throws {
        let submission = try submission(assignment, text: text, in: try set.root()).submission
        try await json.post(path(assignment, "votes"), submission)
    }

    /// Takes work for ever, as an honest worker does, and answers `text`. The next work is taken while a set is still
    /// open: two nodes that kept each other waiting would wait for ever.
    func work(answering text: String) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            while !Task.isCancelled {
                do {
                    let assignment = try await nextAssignment()
                    try await commit(assignment, text: text)
                    group.addTask { try await reveal(assignment, text: text) }
                } catch let error as ServiceError where error.isRetryable || error.code == .conflict {
                    // The work is given again, or it is over.
                    await Task.yield()
                }
            }
        }
    }

    private func reveal(_ assignment: Assignment, text: String) async throws {
        while !Task.isCancelled {
            do {
                guard let set = try await set(assignment), set.commitment(of: key.publicKey) != nil else { return }
                return try await vote(assignment, text: text, in: set)
            } catch let error as ServiceError where error.isRetryable {
                await Task.yield()
            } catch let error as ServiceError where error.code == .conflict {
                return
            }
        }
    }
}
