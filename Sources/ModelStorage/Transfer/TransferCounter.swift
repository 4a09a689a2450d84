import Synchronization

/// Adds up what several tasks transfer.
final class TransferCounter: Sendable {
    private let total: Int
    private let done = Mutex(0)
    private let progress: @Sendable (TransferProgress) -> Void

    init(total: Int, _ progress: @escaping @Sendable (TransferProgress) -> Void) {
        self.total = total
        self.progress = progress
    }

    func add(_ bytes: Int) {
        let done = done.withLock { done in
            done += bytes
            return done
        }
        progress(TransferProgress(phase: .transferring, done: done, total: total))
    }
}
