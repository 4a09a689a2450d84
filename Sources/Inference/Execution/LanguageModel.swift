/// What computes batches: the seam between the scheduler and the two implementations.
protocol LanguageModel: AnyObject, Sendable {
    var configuration: ModelConfiguration { get }

    /// A cache for a sequence that begins with `tokens` and gets `limit` positions at most, with room for the first
    /// `room`. It may be filled already, but for at most `reusable` positions. Nil when there is no memory for it, and
    /// for a little more of `others`, before another is closed.
    func openCache(_ tokens: [TokenID], reusable: Int, room: Int, limit: Int, besides others: Int) -> SequenceCache?
    /// Gives a cache room for so many positions; false when there is no memory for them before another is closed.
    func grow(_ cache: SequenceCache, to room: Int) -> Bool
    /// The cache is valid up to its length, which holds `tokens`: others may share it.
    func publish(_ cache: SequenceCache, _ tokens: [TokenID])
    func close(_ cache: SequenceCache)

    /// Computes batches until the source has none.
    func run(_ source: any BatchSource)
}

/// Where batches come from and go to.
protocol BatchSource: AnyObject, Sendable {
    /// How many sequences could take part in a batch now.
    var load: Int { get }
    /// Fills a batch, with no more than its share when `batches` are computed at the same time. False when there is
    /// nothing to compute before another batch is finished.
    func fill(_ batch: Batch, ofConcurrent batches: Int) -> Bool
    /// Draws from those outputs whose draw depends on nothing else; they have logits now. Outputs may be drawn from at
    /// the same time.
    func draw(_ outputs: Range<Int>, of batch: Batch, _ scratch: DrawScratch)
    /// Takes those of a part's outputs that are in `portion`, in order; portions come in order, too. Parts of one batch
    /// may be taken at the same time.
    func take(_ part: Batch.Part, _ portion: Range<Int>, of batch: Batch, _ scratch: DrawScratch)
    /// All parts were taken.
    func finish(_ batch: Batch)
}
