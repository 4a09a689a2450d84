public import DNAProtocol
import Glibc

/// The time of day, and waiting for a moment of it. A parameter, so that tests move it by hand.
public protocol WallClock: Sendable {
    /// Now, in whole seconds, rounded down.
    func now() -> Timestamp
    /// Returns at that moment or later; throws when the task is cancelled.
    func sleep(until moment: Timestamp) async throws
}

/// The system's clock.
public struct SystemClock: WallClock {
    /// The system's clock.
    public init() {}

    /// Now, in whole seconds, rounded down.
    public func now() -> Timestamp { Timestamp(seconds: Int64(time(nil))) }

    /// Returns at that moment or later; throws when the task is cancelled.
    public func sleep(until moment: Timestamp) async throws {
        // The system's clock may be set while this waits.
        while true {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            let rest = Duration.seconds(moment.seconds - Int64(now.tv_sec)) - .nanoseconds(now.tv_nsec)
            guard rest > .zero else { return }
            try await Task.sleep(for: rest)
        }
    }
}
