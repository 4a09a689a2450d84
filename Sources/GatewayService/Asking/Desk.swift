package import CoordinatorStore
package import DNAProtocol
package import Logging
import Postgres
import ServiceKit

/// Takes questions, waits for the network, hands out answers.
package struct Desk: Sendable {
    /// How long a database that is away keeps a client waiting, before the client is told.
    private static let outagePatience: Duration = .seconds(10)
    private static let outagePause: Duration = .milliseconds(100)

    /// The database.
    package let store: RequestStore
    /// Who waits.
    package let waiting: WaitingRegistry
    /// How many requests the network has open.
    package let queue: NetworkQueue
    /// The longest a client waits.
    package let timeout: Duration
    /// How long the network may try, in seconds.
    package let lifetime: Int
    /// How long after its last poll a node still counts as there, in seconds.
    package let availabilityWindow: Int

    /// A desk before a database.
    package init(
        store: RequestStore, waiting: WaitingRegistry, queue: NetworkQueue = NetworkQueue(limit: 10_000),
        timeout: Duration, lifetime: Int, availabilityWindow: Int = 75
    ) {
        self.store = store
        self.waiting = waiting
        self.queue = queue
        self.timeout = timeout
        self.lifetime = lifetime
        self.availabilityWindow = availabilityWindow
    }

    /// Asks a question and waits for its answer. Throws ``OpenAIError``, and what the store throws.
    package func ask(
        _ question: Question, within limits: ClientLimits = ClientLimits(), logger: Logger
    ) async throws -> Answer {
        let deadline = ContinuousClock.now + timeout
        let genesis = try await patiently { try await network().genesis }
        let request = try await patiently { try await resolve(question, in: genesis) }
        try limits.check(request)
        let id = try request.requestID()
        logger.info("asked", metadata: ["request": "\(id)"])
        // An answer that is there costs nobody anything, and one that is on its way nothing more.
        let refusal = try await patiently { () -> OpenAIError? in
            guard try await isWork(id) else { return nil }
            return try await obstacle(to: request, isDevelopment: genesis.development)
        }
        if let refusal { throw refusal }
        let bundle = try await bundle(for: request, id: id, until: deadline)
        return try Answer(question.style, bundle)
    }

    /// The network; throws while it cannot certify anything yet.
    package func network() async throws -> NetworkFile {
        guard let network = try await store.network() else {
            throw ServiceError(.unavailable, "no aggregator has registered a network yet")
        }
        guard let file = network.file else {
            throw ServiceError(.unavailable, "the network's signers are still making their key")
        }
        return file
    }

    /// Why the network should not begin with a request now; nil when it may.
    private func obstacle(to request: Request, isDevelopment: Bool) async throws -> OpenAIError? {
        if try await queue.isFull(store.pool) { return Self.full("the network has as many open requests as it may") }
        let workers = try await store.workers(for: request, within: availabilityWindow)
        return workers?.mightDecide(request.policy, isDevelopment: isDevelopment) == false ? Self.tooFewNodes() : nil
    }

    /// Whether the network would have to begin with the request, or begin again.
    private func isWork(_ id: RequestID) async throws -> Bool {
        guard let record = try await store.find(id) else { return true }
        return record.state.isFinal && record.state != .certified
    }

    private func resolve(_ question: Question, in genesis: Genesis) async throws -> Request {
        guard let model = try await model(question.model) else {
            throw OpenAIError(
                .notFound, "model: the network does not serve the model this request names", parameter: "model",
                code: "model_not_found")
        }
        return try question.request(for: model.manifest, id: model.id, in: genesis)
    }

    /// A model by name or id; nil when there is none.
    package func model(_ nameOrID: String) async throws -> ModelRecord? {
        // No manifest has such a name, and PostgreSQL's texts do not hold U+0000.
        guard (1...128).contains(nameOrID.utf8.count), !nameOrID.utf8.contains(0) else { return nil }
        return try await store.model(nameOrID)
    }

    private func bundle(
        for request: Request, id: RequestID, until deadline: ContinuousClock.Instant
    ) async throws -> Bundle {
        let record = try await waiting.withPlace(for: id) { place in
            // The place is taken before the row is read: an end in between wakes it.
            var record = try await patiently { try await store.accept(request, lifetime: lifetime) }
            while !record.state.isFinal {
                guard await place.wait(until: deadline) == .lookAgain else { throw Self.late(id) }
                record = try await current(id, after: record)
            }
            return record
        }
        guard let record else { throw Self.full("too many clients wait for answers") }
        guard record.state == .certified, let bundle = try await patiently({ try await store.bundle(of: id) }) else {
            throw Self.refusal(record)
        }
        return bundle
    }

    private func current(_ id: RequestID, after record: RequestRecord) async throws -> RequestRecord {
        try await patiently { try await store.find(id) } ?? record
    }

    /// The database's restart costs a client that is here a wait, not an error. Everything asked through this may be
    /// asked twice.
    private func patiently<Value: Sendable>(_ ask: () async throws -> Value) async throws -> Value {
        let end = ContinuousClock.now + Self.outagePatience
        while true {
            do {
                return try await ask()
            } catch let error as PostgresError where error.isPassing && ContinuousClock.now < end {
                try await Task.sleep(for: Self.outagePause)
            }
        }
    }
}

extension ClientLimits {
    /// Refuses what this client may not ask for.
    fileprivate func check(_ request: Request) throws(OpenAIError) {
        if let maximumTokens, request.maximumTokens > maximumTokens {
            throw .invalid("max_completion_tokens", "is at most \(maximumTokens) for this key")
        }
        if let maximumCommittee, request.policy.maximumCommittee > maximumCommittee {
            throw .invalid("dna.policy.maximum_committee", "is at most \(maximumCommittee) for this key")
        }
    }
}

extension Desk {
    private static func full(_ message: String) -> OpenAIError {
        OpenAIError(.serviceUnavailable, message, code: "overloaded", headers: [.retryAfter: "1"])
    }

    /// - Parameter id: the request, once it was begun.
    private static func tooFewNodes(_ id: RequestID? = nil) -> OpenAIError {
        OpenAIError(
            .serviceUnavailable,
            "too few nodes serve this model now" + (id.map { "; see /v1/requests/\($0)" } ?? ""), code: "too_few_nodes",
            reference: id.map { AnswerReference($0, reason: "too_few_nodes") }, headers: [.retryAfter: "5"])
    }

    private static func late(_ id: RequestID) -> OpenAIError {
        OpenAIError(
            .gatewayTimeout,
            "the network has not answered in time; it goes on: ask again, or see /v1/requests/\(id)",
            code: "deadline_exceeded", reference: AnswerReference(id), headers: [.retryAfter: "1"])
    }

    /// What a request that ended without an answer is to its client.
    private static func refusal(_ record: RequestRecord) -> OpenAIError {
        let id = record.id
        switch record.state {
        case .expired:
            return OpenAIError(
                .gatewayTimeout, "the network could not answer within the request's lifetime; see /v1/requests/\(id)",
                code: "request_expired", reference: AnswerReference(id))
        case .cancelled:
            return OpenAIError(
                .conflict, "the request was cancelled; see /v1/requests/\(id)", code: "request_cancelled",
                reference: AnswerReference(id), headers: [.shouldRetry: "false"])
        case .accepted, .seeded, .assigned, .voting, .decided, .certified, .failed:
            return failure(id, reason: record.reason ?? "unknown")
        }
    }

    private static func failure(_ id: RequestID, reason: String) -> OpenAIError {
        let reference = AnswerReference(id, reason: reason)
        let place = "see /v1/requests/\(id)"
        switch reason {
        case "no_quorum":
            // Another try asks the same nodes for the same bytes: whether that helps is for people to judge.
            return OpenAIError(
                .badGateway, "the nodes asked did not agree on an answer; the votes: \(place)", code: reason,
                reference: reference, headers: [.shouldRetry: "false"])
        case "too_few_nodes":
            return tooFewNodes(id)
        default:
            return OpenAIError(
                .serviceUnavailable, "the request failed (\(reason)); \(place)", code: reason,
                reference: reference, headers: [.retryAfter: "5"])
        }
    }
}

extension PostgresError {
    /// Whether the database is away, as opposed to busy: then more callers would not help it.
    fileprivate var isPassing: Bool { isRetryable && self != .poolOverloaded && self != .deadlineExceeded }
}
