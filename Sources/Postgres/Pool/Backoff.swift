/// A pause that doubles with each failure in a row, up to a limit.
public struct Backoff: Sendable {
    private let first: Duration
    private let limit: Duration
    private var current: Duration

    /// From the first pause to the longest.
    public init(first: Duration = .milliseconds(50), limit: Duration = .seconds(2)) {
        self.first = first
        self.limit = limit
        current = first
    }

    /// The next pause begins at the first again.
    public mutating func reset() { current = first }

    /// Waits, and doubles the next pause; false when the task was cancelled meanwhile. Not beyond the deadline.
    mutating func pause(until deadline: ContinuousClock.Instant? = nil) async -> Bool {
        let end = ContinuousClock.now + current
        current = min(limit, current * 2)
        do {
            try await Task.sleep(until: deadline.map { min($0, end) } ?? end, clock: .continuous)
            return true
        } catch {
            return false
        }
    }
}
