/// How often something is tried again, and how long after.
package struct Retry: Sendable {
    package let attempts: Int
    package let base: Duration
    package let most: Duration

    package init(attempts: Int, base: Duration, most: Duration) {
        self.attempts = attempts
        self.base = base
        self.most = most
    }

    /// The wait before attempt `number` (from 1): doubling, with half of it left to chance.
    func pause(_ number: Int) -> Duration {
        let grown = min(most, base * (1 << min(number - 1, 16)))
        return grown / 2 + grown * Double.random(in: 0...0.5)
    }
}
