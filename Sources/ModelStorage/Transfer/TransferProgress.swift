/// How far a transfer is.
public struct TransferProgress: Hashable, Sendable {
    /// What is being done.
    public enum Phase: Hashable, Sendable {
        /// Files are read and hashed.
        case hashing
        /// Bytes travel.
        case transferring
        /// The network has the bytes; blocks are awaited.
        case confirming
        /// What was stored is read back.
        case checking
    }

    /// What is being done.
    public let phase: Phase
    /// Bytes; for `confirming` and `checking` transactions and chunks.
    public let done: Int
    /// Of so many.
    public let total: Int

    /// A stand.
    public init(phase: Phase, done: Int, total: Int) {
        self.phase = phase
        self.done = done
        self.total = total
    }
}
