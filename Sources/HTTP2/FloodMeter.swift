/// A token bucket over frames that cost the peer nothing. The clock is the caller's.
struct FloodMeter {
    private let burst: Double
    private let perSecond: Double
    private var tokens: Double
    private var last: Duration?

    init(burst: Int, perSecond: Int) {
        self.burst = Double(burst)
        self.perSecond = Double(perSecond)
        tokens = Double(burst)
    }

    /// Takes tokens; false when the peer has spent more than its share.
    mutating func spend(_ price: Double = 1, at now: Duration) -> Bool {
        let elapsed = last.map { max((now - $0) / .seconds(1), 0) } ?? 0
        last = now
        tokens = min(burst, tokens + elapsed * perSecond) - price
        return tokens >= 0
    }

    /// Grants tokens for work that this end has done by itself.
    mutating func earn(_ count: Double) {
        tokens = min(burst, tokens + count)
    }
}
