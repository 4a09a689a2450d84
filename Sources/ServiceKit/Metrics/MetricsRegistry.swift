public import CoreMetrics
import Synchronization

/// A process's metrics: a backend of swift-metrics that answers in Prometheus's text format.
///
/// Each service is given one, so that several can run in one process; the executables also make theirs the process's
/// (`MetricsSystem.bootstrap`), for libraries that measure.
public final class MetricsRegistry: MetricsFactory {
    /// Series kept for one metric; what is beyond counts under the label value `other`.
    public static let seriesLimit = 512
    /// Metrics kept that nobody has declared; further ones measure nothing.
    fileprivate static let undeclaredLimit = 64

    fileprivate struct State {
        var families: [String: MetricFamily] = [:]
        var undeclared = 0
        var collectors: [@Sendable () async -> Void] = []
    }

    private let seriesLimit: Int
    private let state = Mutex(State())

    /// A registry without a metric.
    public init(seriesLimit: Int = MetricsRegistry.seriesLimit) { self.seriesLimit = seriesLimit }

    /// A new registry that is the process's, with the process's own metrics. Called once, by an executable.
    public static func ofProcess() -> MetricsRegistry {
        let metrics = MetricsRegistry()
        MetricsSystem.bootstrap(metrics)
        ProcessMetrics.add(to: metrics)
        return metrics
    }

    /// Makes metrics known, so that they are shown before they have a series. The first definition of a name stays.
    public func declare(_ definitions: [MetricDefinition]) {
        state.withLock { state in
            for definition in definitions where state.families[definition.name] == nil {
                state.families[definition.name] = MetricFamily(definition, limit: seriesLimit)
            }
        }
    }

    /// Has `collect` called before every scrape, to bring gauges up to date.
    public func onScrape(_ collect: @escaping @Sendable () async -> Void) {
        state.withLock { $0.collectors.append(collect) }
    }

    /// The text that a scrape gets.
    public func scrape() async -> String {
        let collectors = state.withLock(\.collectors)
        await withDiscardingTaskGroup { group in
            for collect in collectors { group.addTask { await collect() } }
        }
        let families = state.withLock { Array($0.families.values) }
        return Exposition.text(of: families.sorted { $0.definition.name < $1.definition.name })
    }

    // MARK: Handles of declared metrics

    /// A declared counter's series; one value for each label.
    public func counter(_ definition: MetricDefinition, _ values: String...) -> Counter {
        Counter(label: definition.name, dimensions: dimensions(definition, values), factory: self)
    }

    /// A declared counter's series that grows by fractions.
    public func floatingPointCounter(_ definition: MetricDefinition, _ values: String...) -> FloatingPointCounter {
        FloatingPointCounter(label: definition.name, dimensions: dimensions(definition, values), factory: self)
    }

    /// A declared gauge's series.
    public func meter(_ definition: MetricDefinition, _ values: String...) -> Meter {
        Meter(label: definition.name, dimensions: dimensions(definition, values), factory: self)
    }

    /// A declared histogram's series.
    public func recorder(_ definition: MetricDefinition, _ values: String...) -> Recorder {
        Recorder(label: definition.name, dimensions: dimensions(definition, values), aggregate: true, factory: self)
    }

    private func dimensions(_ definition: MetricDefinition, _ values: [String]) -> [(String, String)] {
        precondition(
            values.count == definition.labels.count, "\(definition.name) has \(definition.labels.count) labels")
        declare([definition])
        return Array(zip(definition.labels, values))
    }

    // MARK: MetricsFactory

    /// A counter's series.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        cell(CounterCell.self, label, .counter, dimensions)
    }

    /// A counter's series that grows by fractions.
    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        cell(CounterCell.self, label, .counter, dimensions)
    }

    /// A gauge's series.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        cell(GaugeCell.self, label, .gauge, dimensions)
    }

    /// A histogram's series; a gauge's for a recorder that does not aggregate.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate
            ? cell(HistogramCell.self, label, .histogram(bounds: MetricBounds.seconds), dimensions)
            : cell(GaugeCell.self, label, .gauge, dimensions)
    }

    /// A histogram's series, in seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        cell(HistogramCell.self, label, .histogram(bounds: MetricBounds.seconds), dimensions)
    }

    // A series stays until the process ends: its counters must not go back.

    /// Keeps the series.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// Keeps the series.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    /// Keeps the series.
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// Keeps the series.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Keeps the series.
    public func destroyTimer(_ handler: any TimerHandler) {}

    private func cell<Cell: MetricCell>(
        _ type: Cell.Type, _ label: String, _ kind: MetricDefinition.Kind, _ dimensions: [(String, String)]
    ) -> Cell {
        let family = state.withLock { state -> MetricFamily? in
            if let family = state.families[label] { return family }
            return state.adopt(label, kind, dimensions.map(\.0), limit: seriesLimit)
        }
        // A cell that nobody reads is what a wrong handle deserves: measuring must not end the process.
        return family?.cell(type, dimensions) ?? Cell(bounds: [])
    }
}

extension MetricsRegistry.State {
    /// A library's metric, under a name the format allows.
    fileprivate mutating func adopt(
        _ label: String, _ kind: MetricDefinition.Kind, _ labels: [String], limit: Int
    ) -> MetricFamily? {
        var name = Exposition.plain(label)
        if kind == .counter, !name.hasSuffix("_total") { name += "_total" }
        if let family = families[name] { return family }
        guard undeclared < MetricsRegistry.undeclaredLimit, labels.allSatisfy({ $0 == Exposition.plain($0) }) else {
            return nil
        }
        undeclared += 1
        let family = MetricFamily(.adopted(name, kind, labels), limit: limit)
        families[name] = family
        return family
    }
}
