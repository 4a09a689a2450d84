/// What NOTIFY sent. PostgreSQL keeps payloads under 8000 bytes.
public struct PostgresNotification: Sendable, Hashable {
    /// The channel's name.
    public let channel: String
    /// The payload, empty when there is none.
    public let payload: String

    /// A notification as the server delivers it.
    public init(channel: String, payload: String) {
        self.channel = channel
        self.payload = payload
    }
}

/// What a listener learns.
public enum NotificationEvent: Sendable, Hashable {
    /// LISTEN is in force for the first time: read the state once, nothing is missed from here on.
    case connected
    /// The session was lost and is back: notifications in between are lost, read the state again.
    case reconnected
    /// A notification, in the order of the transactions that sent it.
    case notification(PostgresNotification)
}

/// Notifications of some channels as an asynchronous sequence, over a session of its own.
///
/// The sequence pulls: it reads from the socket only when what it has is consumed, so its buffer is one read of the
/// socket and a slow consumer is held up by the server. It reconnects with a growing pause for as long as it takes, ends
/// when the consuming task is cancelled, and throws only what a retry cannot mend.
public struct NotificationListener: AsyncSequence, Sendable {
    /// What the sequence gives.
    public typealias Element = NotificationEvent
    /// What the sequence throws.
    public typealias Failure = PostgresError

    private let configuration: PostgresConfiguration
    private let channels: [String]
    private let backoff: Backoff

    /// Listens to channels, whose names are lower-case letters, digits and underscores, at most 63.
    public init(_ configuration: PostgresConfiguration, channels: [String], backoff: Backoff = Backoff()) {
        precondition(!channels.isEmpty && channels.allSatisfy(isPlainIdentifier))
        self.configuration = configuration
        self.channels = channels
        self.backoff = backoff
    }

    /// A new session's events; it connects on the first `next()`.
    public func makeAsyncIterator() -> Iterator {
        Iterator(configuration: configuration, channels: channels, backoff: backoff)
    }

    /// One session after another, and what has arrived in it.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
        let configuration: PostgresConfiguration
        let channels: [String]
        var backoff: Backoff
        private var connection: PostgresConnection?
        private var arrived: [PostgresNotification] = []
        private var position = 0
        private var wasConnected = false

        init(configuration: PostgresConfiguration, channels: [String], backoff: Backoff) {
            self.configuration = configuration
            self.channels = channels
            self.backoff = backoff
        }

        /// The next event, nil when the task is cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(PostgresError) -> NotificationEvent? {
            while !Task.isCancelled {
                if position < arrived.count {
                    defer { position += 1 }
                    return .notification(arrived[position])
                }
                do {
                    if let event = try await step() { return event }
                } catch {
                    connection = nil
                    if error == .cancelled { return nil }
                    guard error.isRetryable, await backoff.pause() else { throw error }
                }
            }
            return nil
        }

        /// Connects, or reads once; an event, or nil when there is something, or nothing, in `arrived`.
        private mutating func step() async throws(PostgresError) -> NotificationEvent? {
            if let connection {
                arrived = try await connection.notifications(silence: silenceLimit)
                position = 0
                // Silence may be a peer that vanished without a word: ask.
                if arrived.isEmpty { try await connection.query("SELECT 1") }
                return nil
            }
            let fresh = try await PostgresConnection.connect(configuration)
            for channel in channels { try await fresh.query("LISTEN \(channel)") }
            connection = fresh
            backoff.reset()
            defer { wasConnected = true }
            return wasConnected ? .reconnected : .connected
        }
    }
}

/// How long a listener trusts a silent session.
private let silenceLimit: Duration = .seconds(30)

/// Whether a name needs no quotes in SQL.
func isPlainIdentifier(_ name: String) -> Bool {
    guard let first = name.utf8.first, name.utf8.count <= 63 else { return false }
    let isLetter = { (byte: UInt8) in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
    }
    let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    return isLetter(first) && name.utf8.allSatisfy { isLetter($0) || isDigit($0) }
}
