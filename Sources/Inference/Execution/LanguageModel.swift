/// The keys and values of one sequence; `length` positions are filled.
class SequenceCache {
    var length = 0
}

/// For which tokens of a chunk the final hidden state and the logits are wanted.
enum OutputRows {
    case none, last, all
}

/// One step of a model over a chunk of tokens: the seam between the engine and its two implementations.
protocol LanguageModel: AnyObject {
    var configuration: ModelConfiguration { get }
    /// Most tokens of one `forward`, and most of one with `.all` outputs.
    var chunkLimit: (plain: Int, withOutputs: Int) { get }
    /// An empty cache for `capacity` positions.
    func makeCache(capacity: Int) -> SequenceCache
    /// Appends tokens to a sequence. Returns the index in `tokens` of the first one with a value that is not finite,
    /// nil when all went well.
    func forward(_ tokens: UnsafeBufferPointer<TokenID>, _ cache: SequenceCache, _ outputs: OutputRows) -> Int?
    /// The final hidden state (after the last norm) of output row `row` of the last `forward`.
    func hidden(_ row: Int) -> UnsafeBufferPointer<Float>
    /// The logits of output row `row`; the caller may change them.
    func logits(_ row: Int) -> UnsafeMutableBufferPointer<Float>
}
