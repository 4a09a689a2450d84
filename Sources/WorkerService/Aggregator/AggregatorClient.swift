import Cryptography
import DNAProtocol
import ServiceKit
import Synchronization

/// Calls to the aggregators, any of which will do: the one that answered last is asked first.
final class AggregatorClient: Sendable {
    private let clients: [JSONClient]
    private let preferred = Atomic<Int>(0)
    private let retry: RetryPolicy
    private let callDeadline: Duration

    init(clients: [JSONClient], retry: RetryPolicy, callDeadline: Duration) {
        precondition(!clients.isEmpty, "at least one aggregator")
        self.clients = clients
        self.retry = retry
        self.callDeadline = callDeadline
    }

    /// One attempt to get work; the next poll goes to the next aggregator if this one fails.
    func poll(_ poll: AssignmentPoll) async throws -> Assignment? {
        try await attempt { client in
            try await client.poll(
                "/v1/assignments/poll", poll, deadline: .seconds(poll.body.wait) + callDeadline, isIdempotent: true)
        }
    }

    /// One attempt to get onto the roster, which waits so many seconds for it.
    func join(_ join: JoinRequest, wait: Int, forCertificate: Bool) async throws -> NodeStanding {
        let path = "/v1/nodes/join?wait=\(wait)" + (forCertificate ? "&for=certificate" : "")
        return try await attempt { client in
            try await client.post(path, join, deadline: .seconds(wait) + callDeadline, isIdempotent: true)
        }
    }

    /// Where a node stands.
    func standing(of node: Ed25519.PublicKey) async throws -> NodeStanding {
        try await attempt { try await $0.get("/v1/nodes/\(node.hex)", deadline: callDeadline) }
    }

    /// One attempt to leave the roster.
    func leave(_ leave: LeaveRequest) async throws {
        try await attempt { try await $0.post("/v1/nodes/leave", leave, deadline: callDeadline, isIdempotent: true) }
    }

    /// What is registered, as the aggregator shows it.
    func registeredModels() async throws -> RegisteredModels {
        try await attempt { try await $0.get("/v1/models", deadline: callDeadline) }
    }

    /// The newest roster epoch, as the aggregator shows it.
    func roster() async throws -> SignedRoster {
        try await attempt { try await $0.get("/v1/roster", deadline: callDeadline) }
    }

    /// Sends a commitment, again and again until it is answered or `end` comes.
    func send(_ commitment: Commitment, until end: ContinuousClock.Instant) async throws {
        let path = Self.path(commitment.body.request, commitment.body.round) + "/commitments"
        try await repeating(until: end) { client in
            try await client.post(path, commitment, deadline: self.callDeadline, isIdempotent: true)
        }
    }

    /// Sends a vote, again and again until it is answered or `end` comes.
    func send(_ vote: VoteSubmission, until end: ContinuousClock.Instant) async throws {
        let path = Self.path(vote.vote.body.request, vote.vote.body.round) + "/votes"
        try await repeating(until: end) { client in
            try await client.post(path, vote, deadline: self.callDeadline, isIdempotent: true)
        }
    }

    /// The round's set, once it is closed; throws when `end` comes first.
    func set(
        request: RequestID, round: Int, wait: Int, until end: ContinuousClock.Instant
    ) async throws -> CommitmentSet {
        let path = Self.path(request, round) + "/set?wait=\(wait)"
        return try await repeating(until: end) { client in
            try await client.poll(path, as: CommitmentSet.self, deadline: .seconds(wait) + self.callDeadline)
        }
    }

    /// How long to wait after so many failed polls in a row.
    func delay(after failures: Int) -> Duration { retry.delay(after: failures) }

    private static func path(_ request: RequestID, _ round: Int) -> String {
        "/v1/requests/\(request.hex)/rounds/\(round)"
    }

    private func attempt<Output>(_ body: (JSONClient) async throws -> Output) async throws -> Output {
        let index = preferred.load(ordering: .relaxed)
        do {
            return try await body(clients[index])
        } catch {
            let next = (index + 1) % clients.count
            _ = preferred.compareExchange(expected: index, desired: next, ordering: .relaxed)
            throw error
        }
    }

    /// Until `body` gives something, is refused, or `end` comes. Nothing yet is no failure, but an aggregator that
    /// does not make its callers wait is not flooded either.
    private func repeating<Output>(
        until end: ContinuousClock.Instant, _ body: (JSONClient) async throws -> Output?
    ) async throws -> Output {
        var failures = 0
        while true {
            let cause: ServiceError
            do {
                if let output = try await attempt(body) { return output }
                failures = 0
                cause = ServiceError(.deadlineExceeded, "the set was not closed in time")
            } catch let error as ServiceError where error.mayPass {
                failures += 1
                cause = error
            }
            let delay = retry.delay(after: max(failures, 1))
            guard .now + delay < end else { throw cause }
            try await Task.sleep(for: delay)
        }
    }
}

extension ServiceError {
    /// Whether another attempt, perhaps at another aggregator, may succeed: everything but a refusal.
    var mayPass: Bool {
        switch code {
        case .unavailable, .deadlineExceeded, .limitExceeded, .badUpstream, .internalFailure: true
        case .invalidArgument, .unauthenticated, .permissionDenied, .notFound, .conflict, .tooLarge: false
        }
    }
}
