/// The rows of one step: a token each, those of one sequence together and in order.
///
/// Its arrays keep their memory from step to step.
final class Batch {
    /// The rows of one sequence.
    struct Segment {
        let cache: SequenceCache
        fileprivate(set) var rows: Range<Int>
    }

    let rowLimit: Int
    let outputLimit: Int
    private(set) var tokens: [TokenID] = []
    private(set) var positions: [Int] = []
    private(set) var segments: [Segment] = []
    /// The rows for which the final hidden state and the logits are wanted, ascending.
    private(set) var outputs: [Int] = []

    init(rowLimit: Int, outputLimit: Int) {
        (self.rowLimit, self.outputLimit) = (rowLimit, outputLimit)
        tokens.reserveCapacity(rowLimit)
        positions.reserveCapacity(rowLimit)
        segments.reserveCapacity(rowLimit)
        outputs.reserveCapacity(outputLimit)
    }

    var isEmpty: Bool { tokens.isEmpty }
    var rowsLeft: Int { rowLimit - tokens.count }
    var outputsLeft: Int { outputLimit - outputs.count }

    func removeAll() {
        tokens.removeAll(keepingCapacity: true)
        positions.removeAll(keepingCapacity: true)
        segments.removeAll(keepingCapacity: true)
        outputs.removeAll(keepingCapacity: true)
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
}
