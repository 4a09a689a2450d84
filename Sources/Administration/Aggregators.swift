import ServiceKit
import Synchronization

/// Calls to a network's aggregators, any of which will do, for their state is one: the one that answered last is asked
/// first, and the next ones when it does not answer. So every call must be idempotent.
final class Aggregators: Sendable {
    private let clients: [JSONClient]
    private let preferred = Atomic<Int>(0)

    /// Asks through these; at least one.
    init(_ clients: [JSONClient]) {
        precondition(!clients.isEmpty, "at least one aggregator")
        self.clients = clients
    }

    /// What the first one that answers says, a refusal included. Throws an `unavailable` that names all who were asked.
    func ask<Answer>(_ call: (JSONClient) async throws -> Answer) async throws -> Answer {
        let first = preferred.load(ordering: .relaxed)
        var failure: ServiceError?
        var reasons: [String] = []
        for offset in clients.indices {
            let index = (first + offset) % clients.count
            do {
                let answer = try await call(clients[index])
                preferred.store(index, ordering: .relaxed)
                return answer
            } catch let error as ServiceError where error.isNoAnswer {
                failure = error
                let origin = "\(clients[index].origin)"
                reasons.append(error.message.hasPrefix(origin) ? error.message : "\(origin): \(error.message)")
            }
        }
        throw ServiceError(
            .unavailable, "no aggregator answers: " + reasons.joined(separator: "; "), cause: failure)
    }
}

extension ServiceError {
    /// Whether another aggregator may know better: nobody was there, or nobody who could answer. A limit that is used up
    /// (429) is an answer: asking the next one at once would only get round it. Workers, who do try again after it
    /// (`AggregatorClient`), wait first.
    fileprivate var isNoAnswer: Bool {
        switch code {
        case .unavailable, .deadlineExceeded, .badUpstream, .internalFailure: true
        case .invalidArgument, .unauthenticated, .permissionDenied, .notFound, .conflict, .tooLarge, .limitExceeded:
            false
        }
    }
}
