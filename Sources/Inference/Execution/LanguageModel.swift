/// One step of a model over a batch of rows: the seam between the scheduler and the two implementations.
protocol LanguageModel: AnyObject {
    var configuration: ModelConfiguration { get }
    /// Most rows of one batch, and most outputs.
    var rowLimit: Int { get }
    var outputLimit: Int { get }

    /// A cache for `capacity` positions of a sequence that begins with `tokens`. It may be filled already, but for at
    /// most `reusable` positions. Nil when there is no memory for it before another is closed.
    func openCache(_ tokens: [TokenID], reusable: Int, capacity: Int) -> SequenceCache?
    /// The cache is valid up to its length, which holds `tokens`: others may share it.
    func publish(_ cache: SequenceCache, _ tokens: [TokenID])
    func close(_ cache: SequenceCache)

    /// Computes all rows. Their keys and values are in the caches afterwards, whose lengths are left to the caller.
    func run(_ batch: Batch)
    /// Whether a value of the row was not finite in the last `run`.
    func failed(row: Int) -> Bool
    /// The final hidden state (after the last norm) of output number `output` of the last `run`.
    func hidden(_ output: Int) -> UnsafeBufferPointer<Float>
    /// The logits of an output; the caller may change them.
    func logits(_ output: Int) -> UnsafeMutableBufferPointer<Float>
    /// Calls `body` once for each index, on the model's threads.
    func inParallel(_ count: Int, _ body: (Int) -> Void)
}
