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

    /// Less than nothing takes back what came to nothing.
    func add(_ bytes: Int) {
        let done = count.withLock { count in
            count += bytes
            return count
        }
        progress(TransferProgress(phase: .transferring, done: done, total: total))
    }
}
