import Synchronization

/// Adds up what several tasks transfer.
final class TransferCounter: Sendable {
    private let total: Int
    private let count = Mutex(0)
    private let progress: @Sendable (TransferProgress) -> Void

    init(total: Int, _ progress: @escaping @Sendable (TransferProgress) -> Void) {
        self.total = total
        self.progress = progress
    }

    /// What was added so far.
    var done: Int { count.withLock { $0 } }

    /// Less than nothing takes back what came to nothing. In order: who listens hears the newest sum last, and must not
    /// ask this counter meanwhile.
    func add(_ bytes: Int) {
        count.withLock { count in
            count += bytes
            progress(TransferProgress(phase: .transferring, done: count, total: total))
        }
    }
}
