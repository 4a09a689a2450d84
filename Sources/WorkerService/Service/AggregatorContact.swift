import ServiceKit
import Synchronization

/// Whether an aggregator answers, for `/readyz`.
final class AggregatorContact: Sendable {
    private enum State {
        case none
        case answered
        case lost(String)
    }

    private let state = Mutex(State.none)

    func answered() { state.withLock { $0 = .answered } }
    func lost(_ reason: String) { state.withLock { $0 = .lost(reason) } }

    /// Whether the last poll that ended was answered.
    var isHeld: Bool {
        state.withLock { state in
            if case .answered = state { true } else { false }
        }
    }

    /// Throws what is wrong.
    func check() throws(ServiceError) {
        switch state.withLock(\.self) {
        case .answered: return
        case .none: throw ServiceError(.unavailable, "no aggregator has been asked yet")
        case .lost(let reason): throw ServiceError(.unavailable, reason)
        }
    }
}
