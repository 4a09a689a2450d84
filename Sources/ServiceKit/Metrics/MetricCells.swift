import CoreMetrics
import Synchronization

/// One series' value: what a handle of swift-metrics writes and a scrape reads.
protocol MetricCell: AnyObject, Sendable {
    init(bounds: [Double])
    var value: MetricValue { get }
}

/// A series' value at one moment.
enum MetricValue: Sendable {
    case number(Double)
    /// `counts` of each bound alone, then of what is above all of them.
    case histogram(counts: [UInt64], sum: Double)
}

/// Only grows.
final class CounterCell: MetricCell, CounterHandler, FloatingPointCounterHandler {
    private let whole = Atomic<Int64>(0)
    private let fraction = AtomicDouble()

    init(bounds: [Double]) {}

    func increment(by amount: Int64) {
        if amount > 0 { whole.wrappingAdd(amount, ordering: .relaxed) }
    }

    func increment(by amount: Double) {
        if amount > 0, amount.isFinite { fraction.update { $0 + amount } }
    }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fraction.value = 0
    }

    var value: MetricValue { .number(Double(whole.load(ordering: .relaxed)) + fraction.value) }
}

/// A value of this moment.
final class GaugeCell: MetricCell, MeterHandler, RecorderHandler {
    private let current = AtomicDouble()

    init(bounds: [Double]) {}

    func set(_ value: Int64) { current.value = Double(value) }
    func set(_ value: Double) { current.value = value }
    func increment(by amount: Double) { current.update { $0 + amount } }
    func decrement(by amount: Double) { current.update { $0 - amount } }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }

    var value: MetricValue { .number(current.value) }
}

/// Observations by size.
final class HistogramCell: MetricCell, RecorderHandler, TimerHandler {
    private struct State {
        var counts: [UInt64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[index] += 1
            state.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    var value: MetricValue { state.withLock { .histogram(counts: $0.counts, sum: $0.sum) } }
}

/// A Double that several threads change.
private final class AtomicDouble: Sendable {
    private let bits = Atomic<UInt64>(0)

    var value: Double {
        get { Double(bitPattern: bits.load(ordering: .relaxed)) }
        set { bits.store(newValue.bitPattern, ordering: .relaxed) }
    }

    func update(_ change: (Double) -> Double) {
        var seen = bits.load(ordering: .relaxed)
        while true {
            let result = bits.weakCompareExchange(
                expected: seen, desired: change(Double(bitPattern: seen)).bitPattern, ordering: .relaxed)
            if result.exchanged { return }
            seen = result.original
        }
    }
}
