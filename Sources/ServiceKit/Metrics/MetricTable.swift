extension MetricDefinition {
    /// A table of metrics, as `docs/operations.md` has it.
    package static func table(_ definitions: [MetricDefinition]) -> String {
        let rows = definitions.map { definition in
            let labels = definition.labels.map { "`\($0)`" }.joined(separator: ", ")
            return "| `\(definition.name)` | \(definition.kind.name) | \(labels) | \(definition.help) |\n"
        }
        return "| metric | kind | labels | meaning |\n|---|---|---|---|\n" + rows.joined()
    }
}
