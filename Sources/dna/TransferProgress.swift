import Foundation
import Synchronization

/// How far bytes have come, with rate and time left, on one line of a terminal; silent elsewhere.
final class TransferProgress: Sendable {
    private struct State {
        var done = 0
        var shown = ContinuousClock.now
    }

    private let verb: String
    private let total: Int
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    /// - Parameter verb: what has been done to the bytes: `sent`, `hashed`.
    init(_ verb: String, total: Int) {
        self.verb = verb
        self.total = total
    }

    /// Counts more bytes; from any thread.
    func add(_ count: Int) {
        let now = ContinuousClock.now
        let done: Int? = state.withLock { state in
            state.done += count
            guard now - state.shown >= .milliseconds(200) else { return nil }
            state.shown = now
            return state.done
        }
        if let done { Console.progress(Self.line(verb, done, total, after: (now - start) / .seconds(1))) }
    }

    /// `sent 12% · 0.5 of 4.1 GB · 310 MB/s · 12 s left`.
    static func line(_ verb: String, _ done: Int, _ total: Int, after seconds: Double) -> String {
        let share = total > 0 ? min(1, Double(done) / Double(total)) : 1
        let rate = Double(done) / max(seconds, 1e-3)
        let left = rate > 0 ? Double(max(0, total - done)) / rate : 0
        return String(
            format: "%@ %.0f%% · %.2f of %.2f GB · %.0f MB/s · %.0f s left", verb, share * 100, Double(done) / 1e9,
            Double(total) / 1e9, rate / 1e6, left)
    }
}
