import CoordinatorStore
import DNAProtocol
import Logging
import ServiceLifecycle
import Synchronization

/// The one listener of a gateway: turns the database's notifications into wake-ups.
struct ChangeListener: Service {
    let store: RequestStore
    let waiting: WaitingRegistry
    let listening: ListeningState
    let logger: Logger

    /// Runs until shutdown. Throws only what no retry can mend, such as a refused password.
    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do {
                try await listen()
            } catch  where Task.isCancelled {
                // Asked to stop while the database was away: that it is away is no failure of this service.
            }
        }
    }

    private func listen() async throws {
        for try await event in store.changes() {
            switch event {
            case .resynchronise:
                // Whatever ended while nobody listened was not announced to us: everybody looks again.
                logger.info("listening to the database")
                listening.isInForce = true
                waiting.wakeAll()
            case .request(let id, let state) where state.isFinal: waiting.wake(id)
            default: break
            }
        }
    }
}

/// Whether a gateway hears of changes: once it has begun it goes on, and looks at everything after each interruption.
package final class ListeningState: Sendable {
    private let state = Atomic(false)

    package init() {}

    package var isInForce: Bool {
        get { state.load(ordering: .relaxed) }
        set { state.store(newValue, ordering: .relaxed) }
    }
}
