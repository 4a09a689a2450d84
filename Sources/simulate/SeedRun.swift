import Simulation
import Synchronization

/// Hands seeds out in order, so that the least that breaks a promise is found whatever the number of jobs.
final class SeedRun: Sendable {
    /// What came of the seeds so far.
    struct Report: Sendable {
        var count: UInt64 = 0
        var counters: [Counter: Int] = [:]
        var digests: [UInt64: String] = [:]
        /// The least seed that broke a promise.
        var failed: Simulation?
    }

    private struct State {
        var next: UInt64?
        var report = Report()
    }

    private let last: UInt64
    private let state: Mutex<State>

    init(_ seeds: ClosedRange<UInt64>) {
        last = seeds.upperBound
        state = Mutex(State(next: seeds.lowerBound))
    }

    var report: Report { state.withLock(\.report) }

    /// The next seed; nil when there is none, or when one has broken a promise.
    func next() -> UInt64? {
        state.withLock { state in
            guard let seed = state.next, state.report.failed == nil else { return nil }
            state.next = seed == last ? nil : seed + 1
            return seed
        }
    }

    /// Adds what came of a seed, and says how many there were.
    func add(_ simulation: Simulation, withDigest: Bool) -> UInt64 {
        let digest = withDigest ? simulation.log.digest.hex : nil
        return state.withLock { state in
            state.report.count += 1
            state.report.counters.merge(simulation.counters, uniquingKeysWith: +)
            state.report.digests[simulation.seed] = digest
            if !simulation.violations.isEmpty, simulation.seed < state.report.failed?.seed ?? .max {
                state.report.failed = simulation
            }
            return state.report.count
        }
    }
}
