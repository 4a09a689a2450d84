import Synchronization

/// The last finding of the readiness checks, shared by all who ask: checks reach databases and other services, and
/// anybody may ask.
package final class ReadinessBoard: Sendable {
    /// How long a finding is shown.
    package static let lifetime: Duration = .seconds(1)

    private struct Finding {
        let task: Task<Readiness, Never>
        var end: ContinuousClock.Instant?
    }

    private let determine: @Sendable () async -> Readiness
    private let now: @Sendable () -> ContinuousClock.Instant
    private let finding = Mutex<Finding?>(nil)

    package init(
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        _ determine: @escaping @Sendable () async -> Readiness
    ) {
        self.now = now
        self.determine = determine
    }

    /// What the checks find, or found less than ``lifetime`` ago.
    package func readiness() async -> Readiness {
        await current().value
    }

    private func current() -> Task<Readiness, Never> {
        finding.withLock { finding in
            if let finding, finding.end.map({ now() < $0 }) ?? true { return finding.task }
            // Nobody's own: who asked first may leave, the others still wait for it. The checks have their own deadline.
            let task = Task {
                let readiness = await determine()
                self.finding.withLock { $0?.end = now() + Self.lifetime }
                return readiness
            }
            finding = Finding(task: task, end: nil)
            return task
        }
    }
}
