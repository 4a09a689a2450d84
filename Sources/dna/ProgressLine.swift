import Foundation
import Synchronization

/// How far bytes have come, with rate and time left, on one line of a terminal; silent elsewhere.
final class ProgressLine: Sendable {
    private struct State {
        var total: Int
        var done = 0
        /// Without what was there before: what the rate is made of.
        var worked = 0
        var shown = ContinuousClock.now
    }

    private let verb: String
    private let start = ContinuousClock.now
    private let state: Mutex<State>

    /// - Parameter verb: what has been done to the bytes: `sent`, `hashed`.
    init(_ verb: String, total: Int) {
        self.verb = verb
        state = Mutex(State(total: total))
    }

    /// Sets the total once it is known.
    func expect(_ total: Int) { state.withLock { $0.total = total } }

    /// Counts more bytes; from any thread.
    func add(_ count: Int, isWork: Bool = true) {
        let now = ContinuousClock.now
        let seen: State? = state.withLock { state in
            state.done += count
            if isWork { state.worked += count }
            guard now - state.shown >= .milliseconds(200) else { return nil }
            state.shown = now
            return state
        }
        if let seen { Console.progress(line(seen, after: (now - start) / .seconds(1))) }
    }

    /// `sent 12% · 0.50 of 4.10 GB · 310 MB/s · 12 s left`.
    private func line(_ state: State, after seconds: Double) -> String {
        let share = state.total > 0 ? min(1, Double(state.done) / Double(state.total)) : 1
        let rate = Double(state.worked) / max(seconds, 1e-3)
        let left = rate > 0 ? Double(max(0, state.total - state.done)) / rate : 0
        return String(
            format: "%@ %.0f%% · %.2f of %.2f GB · %.0f MB/s · %.0f s left", verb, share * 100,
            Double(state.done) / 1e9, Double(state.total) / 1e9, rate / 1e6, left)
    }
}
