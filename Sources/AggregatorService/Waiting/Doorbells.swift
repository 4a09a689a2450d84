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
    /// Nodes that wait for an administrator or a certificate.
    let standings = WakeupTable<Ed25519.PublicKey>()
    /// Administrators that wait for something to do, and whoever waits for the next roster epoch.
    let notices = WakeupTable<Notice>()
    /// Whoever claims requests without an owner.
    let free = Wakeup()

    /// What everybody hears of.
    enum Notice: Hashable, Sendable {
        case roster
        case applications
    }

    /// Listens until cancelled.
    func ring(from store: AggregatorStore, logger: Logger) async throws {
        for try await event in store.events() {
            switch event {
            case .assignment(let node): assignments.wake(node)
            case .round(let request): rounds.wake(request)
            case .ballot(let request): ballots.wake(request)
            case .free: free.wake()
            case .request(let request, let state): if state.isFinal { rounds.wake(request) }
            case .application(let node):
                standings.wake(node)
                notices.wake(.applications)
            case .roster:
                // In force at once: a held poll may be a revoked node's, an open round may have lost a member.
                notices.wakeAll()
                standings.wakeAll()
                assignments.wakeAll()
                ballots.wakeAll()
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
        standings.close()
        notices.close()
    }

    private func wakeAll() {
        assignments.wakeAll()
        rounds.wakeAll()
        standings.wakeAll()
        notices.wakeAll()
        ballots.wakeAll()
        free.wake()
    }
}
