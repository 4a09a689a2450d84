/// A sequence on its way through the engine: what is known of its tokens, and what its outputs are for.
///
/// Handed to the engine's thread once; afterwards one thread at a time uses it, the engine's, or the one of the model's
/// threads that takes its outputs. That is why it may cross threads unchecked.
class SequenceJob: @unchecked Sendable {
    /// The tokens that are known: the prompt, and the answer as far as it was drawn or given.
    private(set) var tokens: [TokenID]
    /// The first position whose output is wanted, and was not taken yet when the sequence began to run.
    private(set) var firstOutput: Int
    /// Positions that the sequence can reach.
    let capacity: Int
    /// Whether outputs become tokens; else all tokens are known from the beginning.
    let drawsTokens: Bool
    let control: JobControl
    var cache: SequenceCache?
    // What the scheduler knows, under its lock.
    /// Positions that are computed or being computed.
    var scheduled = 0
    /// Batches that hold rows of it.
    var batchesInFlight = 0
    /// A batch in flight has outputs of it: until they are taken, only the thread that takes them may look at the tokens.
    var awaitsOutputs = false
    /// `isFinished`, as of the last batch that was finished.
    var isOver = false
    /// Why it is to end without a result.
    var stopReason: EngineError?
    /// No more rows are wanted. Written by whoever takes outputs.
    var isFinished = false
    /// Guessed tokens that were drawn, and are not counted yet. Written by whoever takes outputs.
    var rightGuesses = 0

    init(tokens: [TokenID], firstOutput: Int, capacity: Int, drawsTokens: Bool, control: JobControl) {
        self.tokens = tokens
        self.firstOutput = firstOutput
        self.capacity = capacity
        self.drawsTokens = drawsTokens
        self.control = control
        self.tokens.reserveCapacity(capacity)
    }

    /// Gives the cache back, to begin anew later: what stood in it is computed again, to the same bits, but outputs that
    /// were taken stay taken.
    func yieldCache() -> SequenceCache? {
        firstOutput = max(firstOutput, position)
        scheduled = 0
        defer { cache = nil }
        return cache
    }

    /// The position whose keys and values come next.
    var position: Int { cache?.length ?? 0 }

    /// Draws from its outputs, if anything does.
    var sampler: Sampler? { nil }

    /// Takes the next output. Subclasses add the next token, or finish.
    func take(_ output: Output) {
        preconditionFailure("each kind of job takes outputs in its own way")
    }

    /// Where in `tokens` a guess of what comes next stands; empty when there is none.
    func guess(limit: Int) -> Range<Int> { 0..<0 }
    /// How many of the guessed tokens were drawn.
    func learn(rightGuesses: Int, of count: Int) { self.rightGuesses += rightGuesses }

    /// A value at `position` is not finite. The job is finished.
    func fail(position: Int) { isFinished = true }

    /// Hands the result to whoever waits, once. Called outside the model's threads.
    func complete() { preconditionFailure("each kind of job has a result of its own") }

    func append(_ token: TokenID) { tokens.append(token) }
}
