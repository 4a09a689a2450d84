/// When and how often a failed call is repeated: exponential backoff with full jitter.
public struct RetryPolicy: Sendable {
    /// Calls in all, the first included.
    public var attempts = 4
    /// Longest wait before the first repetition; it doubles each time.
    public var base: Duration = .milliseconds(50)
    /// Longest wait before any repetition.
    public var maximum: Duration = .seconds(2)
    /// A number in 0 ..< 1 that spreads callers out.
    public var jitter: @Sendable () -> Double = { Double.random(in: 0..<1) }

    /// The numbers above.
    public init() {}

    /// One call, no repetition.
    public static var never: RetryPolicy {
        var policy = RetryPolicy()
        policy.attempts = 1
        return policy
    }

    /// How long to wait after so many failed attempts (1, 2, …).
    public func delay(after failures: Int) -> Duration {
        min(base * Double(1 << min(max(failures - 1, 0), 20)), maximum) * jitter()
    }
}
