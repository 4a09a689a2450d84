import Synchronization

/// All series of one metric: one for each combination of label values, up to a bound.
final class MetricFamily: Sendable {
    /// Stands for every label value of a series beyond the bound.
    static let other = "other"

    let definition: MetricDefinition
    private let limit: Int
    private let cells = Mutex<[[String]: any MetricCell]>([:])

    init(_ definition: MetricDefinition, limit: Int) {
        self.definition = definition
        self.limit = limit
    }

    /// The cell of a series; of the series `other` when there are too many. Nil when the metric is of another kind, or
    /// has other labels: who asks is wrong, and measures nothing.
    func cell<Cell: MetricCell>(_ type: Cell.Type, _ dimensions: [(String, String)]) -> Cell? {
        guard isMade(of: type), dimensions.map(\.0) == definition.labels else { return nil }
        let values = dimensions.map(\.1)
        return cells.withLock { cells in
            if let cell = cells[values] { return cell as? Cell }
            let isFull = !values.isEmpty && cells.count >= limit
            let key = isFull ? values.map { _ in Self.other } : values
            if let cell = cells[key] { return cell as? Cell }
            let cell = Cell(bounds: bounds)
            cells[key] = cell
            return cell
        }
    }

    private var bounds: [Double] {
        if case .histogram(let bounds) = definition.kind { bounds } else { [] }
    }

    private func isMade(of type: any MetricCell.Type) -> Bool {
        switch definition.kind {
        case .counter: type == CounterCell.self
        case .gauge: type == GaugeCell.self
        case .histogram: type == HistogramCell.self
        }
    }

    /// Label values and value of each series, in the order of the label values.
    var series: [(labels: [String], value: MetricValue)] {
        let cells = cells.withLock { $0 }
        return cells.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value.value) }
    }
}
