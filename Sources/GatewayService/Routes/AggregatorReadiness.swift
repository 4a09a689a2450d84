package import ServiceKit

/// Why no aggregator can serve, in words for anybody: which of their checks fail, and how many are there of how many; not
/// where they are.
package enum AggregatorReadiness {
    /// Less than a check may take, more than an aggregator's own checks do while all it asks answer.
    private static let timeout: Duration = .milliseconds(1_800)
    /// The checks whose words hold counts and nothing else; of others only the name is passed on.
    private static let countingChecks: Set = ["signers"]
    /// The most characters of another service's words that are shown.
    private static let longestDetail = 100

    /// Nil as soon as one of them is ready.
    package static func obstacle(among aggregators: [JSONClient]) async -> String? {
        await withTaskGroup(of: Readiness?.self) { group in
            for aggregator in aggregators {
                group.addTask { try? await aggregator.readiness(deadline: timeout) }
            }
            defer { group.cancelAll() }
            var found: [Readiness] = []
            for await readiness in group {
                if readiness?.ready == true { return nil }
                if let readiness { found.append(readiness) }
            }
            return words(found, of: aggregators.count)
        }
    }

    /// For example `signers: 2 of the 3 signers it takes are ready; 1 of 2 aggregators does not answer`.
    package static func words(_ found: [Readiness], of count: Int) -> String {
        var reasons = Set(found.flatMap(\.checks).filter { $0.required && !$0.ready }.map(words)).sorted()
        let silent = count - found.count
        if silent > 0 { reasons.append("\(silent) of \(count) aggregators \(silent == 1 ? "does" : "do") not answer") }
        return reasons.isEmpty ? "not ready" : reasons.joined(separator: "; ")
    }

    private static func words(_ check: Readiness.Check) -> String {
        guard countingChecks.contains(check.name), let detail = check.detail else {
            return "\(check.name.prefix(longestDetail)): not ready"
        }
        return "\(check.name): \(detail.prefix(longestDetail))"
    }
}
