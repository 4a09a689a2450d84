/// What one metric is: its name, its kind, its labels, and a sentence for whoever reads it.
///
/// Names are `dna_<noun>_<unit>`, counters end in `_total`. A label's values are few and known in advance: never an id,
/// a path or a text of a client.
public struct MetricDefinition: Hashable, Sendable {
    /// How values add up.
    public enum Kind: Hashable, Sendable {
        /// Only grows; starts again at 0 with the process.
        case counter
        /// A value of this moment.
        case gauge
        /// How many observations were no larger than each of these bounds, ascending; and their sum.
        case histogram(bounds: [Double])

        /// As the text format names it.
        public var name: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    /// The name of the whole family.
    public let name: String
    /// How its values add up.
    public let kind: Kind
    /// One sentence.
    public let help: String
    /// The names of its labels.
    public let labels: [String]

    private init(_ name: String, _ kind: Kind, _ help: String, _ labels: [String]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.labels = labels
    }

    /// A counter; `name` ends in `_total`.
    public static func counter(_ name: String, _ help: String, labels: [String] = []) -> Self {
        precondition(name.hasSuffix("_total"), "a counter's name ends in _total")
        return Self(name, .counter, help, labels)
    }

    /// A gauge.
    public static func gauge(_ name: String, _ help: String, labels: [String] = []) -> Self {
        Self(name, .gauge, help, labels)
    }

    /// A histogram; a duration's name ends in `_seconds`.
    public static func histogram(_ name: String, _ help: String, bounds: [Double], labels: [String] = []) -> Self {
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<), "bounds ascend")
        return Self(name, .histogram(bounds: bounds), help, labels)
    }

    /// What a library measures without having been declared.
    static func adopted(_ name: String, _ kind: Kind, _ labels: [String]) -> Self {
        Self(name, kind, "Measured by a library", labels)
    }
}

/// Bounds of histograms.
public enum MetricBounds {
    /// Seconds, from a local call to a long poll.
    public static let seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
    /// Seconds, from a statement on a local socket to a timeout.
    public static let databaseSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 15]
    /// Seconds, from a short answer of a small model to a long one of a large model.
    public static let workSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 900]
    /// Numbers of tokens.
    public static let tokens: [Double] = [1, 8, 32, 128, 512, 2_048, 8_192, 32_768, 131_072]
}
