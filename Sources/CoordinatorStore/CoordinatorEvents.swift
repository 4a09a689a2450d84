public import Cryptography
public import DNAProtocol
public import Postgres

/// Something that changed in the coordinator's database.
public enum CoordinatorEvent: Hashable, Sendable {
    /// The session is new: whatever happened before is not reported, so read the state again.
    case resynchronise
    /// A request has come to this state.
    case request(RequestID, RequestState)
    /// This open request has no owner.
    case free(RequestID)
    /// A round of this request opened or closed its set.
    case round(RequestID)
    /// A node committed to, or voted on, this request.
    case ballot(RequestID)
    /// This node has new work.
    case assignment(Ed25519.PublicKey)
    /// This roster epoch is the newest.
    case roster(RosterID)
    /// This node asks for something new, or has got a certificate.
    case application(Ed25519.PublicKey)
}

/// What changes, as it changes. Begins with ``CoordinatorEvent/resynchronise``, gives it again after every reconnection,
/// and ends when the consuming task is cancelled.
public struct CoordinatorEvents: AsyncSequence, Sendable {
    /// What can be listened to.
    public enum Channel: String, Sendable, CaseIterable {
        /// ``CoordinatorEvent/request(_:_:)``.
        case requests = "dna_requests"
        /// ``CoordinatorEvent/free(_:)``.
        case free = "dna_free"
        /// ``CoordinatorEvent/round(_:)``.
        case rounds = "dna_rounds"
        /// ``CoordinatorEvent/ballot(_:)``.
        case ballots = "dna_ballots"
        /// ``CoordinatorEvent/assignment(_:)``.
        case assignments = "dna_assignments"
        /// ``CoordinatorEvent/roster(_:)``.
        case rosters = "dna_rosters"
        /// ``CoordinatorEvent/application(_:)``.
        case applications = "dna_applications"
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
        guard let channel = CoordinatorEvents.Channel(rawValue: notification.channel), let name = words.first,
            words.count == (channel == .requests ? 2 : 1)
        else { return nil }
        switch channel {
        case .assignments, .applications:
            guard let node = Ed25519.PublicKey(hex: name) else { return nil }
            self = channel == .assignments ? .assignment(node) : .application(node)
        case .rosters:
            guard let roster = RosterID(hex: name) else { return nil }
            self = .roster(roster)
        case .requests, .free, .rounds, .ballots: self.init(channel, name, words)
        }
    }

    private init?(_ channel: CoordinatorEvents.Channel, _ name: String, _ words: [String]) {
        guard let id = RequestID(hex: name) else { return nil }
        switch channel {
        case .requests:
            guard let state = RequestState(rawValue: words[1]) else { return nil }
            self = .request(id, state)
        case .free: self = .free(id)
        case .rounds: self = .round(id)
        case .ballots: self = .ballot(id)
        case .assignments, .rosters, .applications: return nil
        }
    }
}
