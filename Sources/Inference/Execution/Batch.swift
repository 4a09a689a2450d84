/// The rows of one step, a token each, those of one sequence together and in order; and what came of them.
///
/// Its arrays keep their memory from step to step. One thread at a time fills it, computes it or takes its results.
class Batch: @unchecked Sendable {
    /// The rows of one sequence.
    struct Segment {
        let cache: SequenceCache
        fileprivate(set) var rows: Range<Int>
    }

    /// What the scheduler knows of one sequence's part in the batch.
    struct Part {
        let job: SequenceJob
        let rows: Range<Int>
        /// How many of the rows, the last ones, are guesses.
        let guesses: Int
        /// Number of the part's first output in the batch.
        let firstOutput: Int
    }

    let rowLimit: Int
    let outputLimit: Int
    private(set) var tokens: [TokenID] = []
    private(set) var positions: [Int] = []
    private(set) var segments: [Segment] = []
    /// The rows for which the final hidden state and the logits are wanted, ascending.
    private(set) var outputs: [Int] = []
    var parts: [Part] = []

    init(rowLimit: Int, outputLimit: Int) {
        (self.rowLimit, self.outputLimit) = (rowLimit, outputLimit)
        tokens.reserveCapacity(rowLimit)
        positions.reserveCapacity(rowLimit)
        segments.reserveCapacity(rowLimit)
        outputs.reserveCapacity(outputLimit)
        parts.reserveCapacity(rowLimit)
    }

    var isEmpty: Bool { tokens.isEmpty }
    var rowsLeft: Int { rowLimit - tokens.count }
    var outputsLeft: Int { outputLimit - outputs.count }

    func removeAll() {
        tokens.removeAll(keepingCapacity: true)
        positions.removeAll(keepingCapacity: true)
        segments.removeAll(keepingCapacity: true)
        outputs.removeAll(keepingCapacity: true)
        parts.removeAll(keepingCapacity: true)
    }

    /// Begins the rows of one sequence.
    func open(_ cache: SequenceCache) {
        segments.append(Segment(cache: cache, rows: tokens.count..<tokens.count))
    }

    /// Adds a row to the sequence that was opened last.
    func append(_ token: TokenID, at position: Int, wantsOutput: Bool) {
        if wantsOutput { outputs.append(tokens.count) }
        tokens.append(token)
        positions.append(position)
        segments[segments.count - 1].rows = segments[segments.count - 1].rows.lowerBound..<tokens.count
    }

    /// Whether a value of the row was not finite.
    func failed(row: Int) -> Bool { preconditionFailure("each model has results of its own") }
    /// The final hidden state (after the last norm) of an output.
    func hidden(_ output: Int) -> UnsafeBufferPointer<Float> {
        preconditionFailure("each model has results of its own")
    }
    /// The logits of an output; the caller may change them.
    func logits(_ output: Int) -> UnsafeMutableBufferPointer<Float> {
        preconditionFailure("each model has results of its own")
    }
}
