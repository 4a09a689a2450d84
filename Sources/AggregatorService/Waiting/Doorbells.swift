import CoordinatorStore
import Cryptography
import DNAProtocol
import Logging
import Postgres

/// Everybody who waits for the database in this process, fed by one listening session.
struct Doorbells: Sendable {
    /// Nodes that wait for work.
    let assignments = WakeupTable<Ed25519.PublicKey>()
    /// Nodes that wait for a round's set.
    let rounds = WakeupTable<RequestID>()
    /// Owners that wait for their committee.
    let ballots = WakeupTable<RequestID>()
    /// Whoever claims requests without an owner.
    let free = Wakeup()

    /// Listens until cancelled.
    func ring(from store: AggregatorStore, logger: Logger) async throws {
        for try await event in store.events() {
            switch event {
            case .assignment(let node): assignments.wake(node)
            case .round(let request): rounds.wake(request)
            case .ballot(let request): ballots.wake(request)
            case .free: free.wake()
            case .request(let request, let state): if state.isFinal { rounds.wake(request) }
            case .resynchronise:
                logger.info("listening to the database")
                wakeAll()
            }
        }
    }

    /// Ends all long polls.
    func closeToNodes() {
        assignments.close()
        rounds.close()
    }

    private func wakeAll() {
        assignments.wakeAll()
        rounds.wakeAll()
        ballots.wakeAll()
        free.wake()
    }
}
