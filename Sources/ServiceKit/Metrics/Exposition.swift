/// Prometheus's text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
enum Exposition {
    static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    static func text(of families: [MetricFamily]) -> String {
        var text = ""
        for family in families { write(family, to: &text) }
        return text
    }

    private static func write(_ family: MetricFamily, to text: inout String) {
        let definition = family.definition
        text += "# HELP \(definition.name) \(escape(definition.help, quotes: false))\n"
        text += "# TYPE \(definition.name) \(definition.kind.name)\n"
        for series in family.series {
            let labels = Array(zip(definition.labels, series.labels))
            switch series.value {
            case .number(let value): line(definition.name, labels, number(value), to: &text)
            case .histogram(let counts, let sum): write(definition, labels, counts, sum, to: &text)
            }
        }
    }

    private static func write(
        _ definition: MetricDefinition, _ labels: [(String, String)], _ counts: [UInt64], _ sum: Double,
        to text: inout String
    ) {
        guard case .histogram(let bounds) = definition.kind else { return }
        var total: UInt64 = 0
        for (count, bound) in zip(counts, bounds + [.infinity]) {
            total += count
            line(definition.name + "_bucket", labels + [("le", number(bound))], "\(total)", to: &text)
        }
        line(definition.name + "_sum", labels, number(sum), to: &text)
        line(definition.name + "_count", labels, "\(total)", to: &text)
    }

    private static func line(_ name: String, _ labels: [(String, String)], _ value: String, to text: inout String) {
        text += name
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0)=\"\(escape($1, quotes: true))\"" }.joined(separator: ",") + "}"
        }
        text += " \(value)\n"
    }

    /// As Go's `ParseFloat` reads it; whole numbers without a point.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if let whole = Int64(exactly: value), abs(whole) < 1 << 53 { return "\(whole)" }
        return "\(value)"
    }

    /// Backslash and line feed escaped, and in a label's value the quote.
    private static func escape(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || $0 == 0x22 }) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A library's label as a name: letters, digits and underscores, not beginning with a digit.
    static func plain(_ label: String) -> String {
        let name = String(
            label.unicodeScalars.map { scalar in
                scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
                    ? Character(scalar) : "_"
            })
        return name.first?.isNumber ?? true ? "_" + name : name
    }
}
