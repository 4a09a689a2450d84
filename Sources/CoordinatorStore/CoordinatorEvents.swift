public import Cryptography
public import DNAProtocol
public import Postgres

/// Something that changed in the coordinator's database.
public enum CoordinatorEvent: Hashable, Sendable {
    /// The session is new: whatever happened before is not reported, so read the state again.
    case resynchronise
    /// A request has come to this state.
    case request(RequestID, RequestState)
    /// A round of this request opened, closed its set, or heard from a node.
    case round(RequestID)
    /// This node has new work.
    case assignment(Ed25519.PublicKey)
}

/// What changes, as it changes. Begins with ``CoordinatorEvent/resynchronise``, gives it again after every reconnection,
/// and ends when the consuming task is cancelled.
public struct CoordinatorEvents: AsyncSequence, Sendable {
    /// What can be listened to.
    public enum Channel: String, Sendable, CaseIterable {
        /// ``CoordinatorEvent/request(_:_:)``.
        case requests = "dna_requests"
        /// ``CoordinatorEvent/round(_:)``.
        case rounds = "dna_rounds"
        /// ``CoordinatorEvent/assignment(_:)``.
        case assignments = "dna_assignments"
    }

    /// What the sequence gives.
    public typealias Element = CoordinatorEvent
    /// What the sequence throws: only what a retry cannot mend.
    public typealias Failure = PostgresError

    private let listener: NotificationListener

    /// Listens over a session of its own, opened with the first `next()`.
    public init(_ configuration: PostgresConfiguration, channels: [Channel]) {
        listener = NotificationListener(configuration, channels: channels.map(\.rawValue))
    }

    /// A new session's events.
    public func makeAsyncIterator() -> Iterator { Iterator(inner: listener.makeAsyncIterator()) }

    /// Reads one session after another.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
        var inner: NotificationListener.Iterator

        /// The next event; nil when the task is cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(PostgresError) -> CoordinatorEvent? {
            while let event = try await inner.next(isolation: actor) {
                switch event {
                case .connected, .reconnected: return .resynchronise
                case .notification(let notification):
                    if let event = CoordinatorEvent(notification) { return event }
                }
            }
            return nil
        }
    }
}

extension CoordinatorEvent {
    /// Nil for a payload of another form: any role of the database may send one.
    init?(_ notification: PostgresNotification) {
        let words = notification.payload.split(separator: " ").map(String.init)
        switch (CoordinatorEvents.Channel(rawValue: notification.channel), words.count) {
        case (.requests, 2):
            guard let id = RequestID(hex: words[0]), let state = RequestState(rawValue: words[1]) else { return nil }
            self = .request(id, state)
        case (.rounds, 1):
            guard let id = RequestID(hex: words[0]) else { return nil }
            self = .round(id)
        case (.assignments, 1):
            guard let node = Ed25519.PublicKey(hex: words[0]) else { return nil }
            self = .assignment(node)
        default: return nil
        }
    }
}
