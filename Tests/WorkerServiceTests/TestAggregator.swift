import Consensus
import DNAProtocol
import HTTPTransport
import Hummingbird
import Logging
import ServiceKit
import Synchronization

/// An aggregator whose every answer the test decides, on a real socket.
final class TestAggregator: Sendable {
    struct State {
        var offered: [Assignment] = []
        var commitments: [Commitment] = []
        var votes: [VoteSubmission] = []
        var sets: [CommitmentSet] = []
        var polls: [AssignmentPoll] = []
        var joins: [JoinRequest] = []
        /// What who asks to be let in is told; nil: that it was revoked.
        var standing: NodeStanding?
        /// Whether polls are turned away, as those of a node that is not active.
        var turnsAway = false
        var registered: [RegisteredModel] = []
        /// Calls to answer with 503 before answering well.
        var failures = 0
    }

    private struct Shared {
        var state = State()
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
        var nextListener = 0
    }

    private let shared = Mutex(Shared())

    var state: State { shared.withLock { $0.state } }

    /// Changes what it answers, and wakes everybody who waits.
    func change(_ body: (inout State) -> Void) {
        let listeners = shared.withLock { shared in
            body(&shared.state)
            return Array(shared.listeners.values)
        }
        for listener in listeners { listener.yield() }
    }

    /// Waits for the condition; nil only when cancelled.
    func wait<Value: Sendable>(_ condition: @Sendable (State) -> Value?) async -> Value? {
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let listener = shared.withLock { shared in
            shared.nextListener += 1
            shared.listeners[shared.nextListener] = continuation
            return shared.nextListener
        }
        defer { shared.withLock { _ = $0.listeners.removeValue(forKey: listener) } }
        continuation.yield()
        for await _ in changes {
            if let value = condition(state) { return value }
        }
        return nil
    }

    func router() -> ServiceRouter {
        let router = ServiceRouter.service()
        router.postJSON("v1/assignments/poll") { (poll: AssignmentPoll, _) -> Assignment? in
            try self.failIfAsked { $0.polls.append(poll) }
            guard try poll.body.isSigned(by: poll.body.node, poll.signature) else {
                throw ServiceError(.unauthenticated, "not signed")
            }
            if self.state.turnsAway { throw ServiceError(.permissionDenied, "the node is not active in the roster") }
            if poll.body.wait == 0 { return Self.open(self.state, poll.body) }
            return await self.wait { state -> Assignment?? in
                // Turned away, a poll that is held ends with nothing.
                state.turnsAway ? .some(nil) : Self.open(state, poll.body).map(Optional.some)
            } ?? nil
        }
        router.getJSON("v1/models") { _, _ -> RegisteredModels? in
            RegisteredModels(models: self.state.registered)
        }
        router.postJSON("v1/nodes/join") { (join: JoinRequest, _) -> NodeStanding? in
            self.change { $0.joins.append(join) }
            guard let standing = self.state.standing else {
                var problem = Problem(.permissionDenied, "the node was revoked")
                problem.type = "urn:dna:problem:revoked"
                throw problem
            }
            return standing
        }
        router.postJSON("v1/requests/:id/rounds/:round/commitments") { (value: Commitment, _) -> [String: String]? in
            try self.failIfAsked { $0.commitments.append(value) }
            return nil
        }
        router.getJSON("v1/requests/:id/rounds/:round/set") { _, context -> CommitmentSet? in
            try self.failIfAsked { _ in }
            let round = try context.parameters.require("round", as: Int.self)
            return await self.wait { state in state.sets.first { $0.round == round } }
        }
        router.postJSON("v1/requests/:id/rounds/:round/votes") { (value: VoteSubmission, _) -> [String: String]? in
            try self.failIfAsked { $0.votes.append(value) }
            return nil
        }
        return router
    }

    private func failIfAsked(_ body: (inout State) -> Void) throws {
        var fails = false
        change { state in
            fails = state.failures > 0
            if fails { state.failures -= 1 } else { body(&state) }
        }
        if fails { throw ServiceError(.unavailable, "not now") }
    }

    /// The oldest assignment for a model of who asks, that nobody has committed to, and that it neither refuses nor has in
    /// hand.
    private static func open(_ state: State, _ poll: AssignmentPoll.Body) -> Assignment? {
        state.offered.first { assignment in
            let place = AssignmentPlace(request: assignment.committee.request, round: assignment.committee.round)
            return poll.models.contains(assignment.request.model) && poll.refused?.contains(place) != true
                && poll.inHand?.contains(place) != true
                && !state.commitments.contains { commitment in
                    commitment.body.request == assignment.committee.request
                        && commitment.body.round == assignment.committee.round
                }
        }
    }
}

/// Remembers log messages, so that a test can wait for one.
struct RecordingLog: LogHandler {
    let aggregator: TestAggregator
    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func append(_ line: String) { lines.withLock { $0.append(line) } }
        func first(_ text: String) -> String? { lines.withLock { $0.first { $0.contains(text) } } }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.append("\(event.message) \(event.metadata?["reason"] ?? "")")
        aggregator.change { _ in }
    }
}
