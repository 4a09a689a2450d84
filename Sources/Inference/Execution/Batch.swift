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
        /// The part's outputs among those of the batch: they are of its last rows.
        let outputs: Range<Int>

        /// The output of a row.
        func output(row: Int) -> Int? {
            let output = outputs.upperBound - (rows.upperBound - row)
            return outputs.contains(output) ? output : nil
        }

        /// The rows that are taken with a portion of the batch's outputs, nil if none are. Rows without outputs are
        /// taken with the first of the part's, or, if it has none, with the first portion.
        func rows(with portion: Range<Int>) -> Range<Int>? {
            if outputs.isEmpty { return portion.lowerBound == 0 ? rows : nil }
            let taken = outputs.clamped(to: portion)
            guard !taken.isEmpty else { return nil }
            let end = rows.upperBound - (outputs.upperBound - taken.upperBound)
            return taken.lowerBound == outputs.lowerBound ? rows.lowerBound..<end : end - taken.count..<end
        }
    }

    /// What was drawn from an output before its turn came.
    enum Draw {
        case none
        case token(TokenID)
        /// A logit is not finite.
        case notFinite
    }

    let rowLimit: Int
    private(set) var tokens: [TokenID] = []
    private(set) var positions: [Int] = []
    private(set) var segments: [Segment] = []
    /// The rows for which the final hidden state and the logits are wanted, ascending.
    private(set) var outputs: [Int] = []
    var parts: [Part] = []
    /// Different outputs may be drawn from by different threads.
    private let draws: UnsafeMutablePointer<Draw>

    init(rowLimit: Int) {
        self.rowLimit = rowLimit
        tokens.reserveCapacity(rowLimit)
        positions.reserveCapacity(rowLimit)
        segments.reserveCapacity(rowLimit)
        outputs.reserveCapacity(rowLimit)
        parts.reserveCapacity(rowLimit)
        draws = .allocate(capacity: rowLimit)
        draws.initialize(repeating: .none, count: rowLimit)
    }

    deinit { draws.deallocate() }

    var isEmpty: Bool { tokens.isEmpty }
    var rowsLeft: Int { rowLimit - tokens.count }

    func removeAll() {
        draws.update(repeating: .none, count: outputs.count)
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

    func keep(_ draw: Draw, output: Int) { draws[output] = draw }

    /// An output with all that came of it.
    func output(_ index: Int, _ scratch: DrawScratch) -> Output {
        Output(
            position: positions[outputs[index]], logits: logits(index), hidden: hidden(index), draw: draws[index],
            scratch: scratch)
    }

    /// Whether a value of the row was not finite.
    func failed(row: Int) -> Bool { preconditionFailure("each model has results of its own") }
    /// The final hidden state (after the last norm) of an output.
    func hidden(_ output: Int) -> UnsafeBufferPointer<Float> {
        preconditionFailure("each model has results of its own")
    }
    /// The logits of an output of the portion that was computed last; the caller may change them.
    func logits(_ output: Int) -> UnsafeMutableBufferPointer<Float> {
        preconditionFailure("each model has results of its own")
    }
}
