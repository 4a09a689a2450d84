import DequeModule
import Kernels
import Synchronization

/// Decides which rows each batch has, so that sequences join and leave at every token.
///
/// A batch takes one row of every sequence that draws tokens, then parts of the prompts that are still to be read, then
/// guesses of what comes next while rows cost little.
final class Scheduler: BatchSource {
    private struct State {
        var waiting: Deque<SequenceJob> = []
        var running: [SequenceJob] = []
        /// Whose turn it is to be first.
        var turn = 0
    }

    private let model: any LanguageModel
    private let sequenceLimit: Int
    private let guessing: Bool
    private let waitingLimit: Int
    private let state = Mutex(State())
    /// Advances with every job that comes in.
    private let arrivals = Gate()

    /// As many rows share one pass over the weights, so that a batch of as many costs little more than one of one.
    private static let cheapRows = 8
    /// Rows that a prompt gets at least, when several are read in turns.
    private static let leastPart = 16

    init(model: any LanguageModel, options: EngineOptions) {
        self.model = model
        sequenceLimit = options.sequences
        guessing = options.guessing
        waitingLimit = options.queueLimit
    }

    /// False when too many jobs are waiting.
    func submit(_ job: SequenceJob) -> Bool {
        let accepted = state.withLock { state in
            guard state.waiting.count < waitingLimit else { return false }
            state.waiting.append(job)
            return true
        }
        if accepted { arrivals.advance() }
        return accepted
    }

    /// Computes what there is, and waits for more, until `isOver` when nothing is left.
    func work(until isOver: () -> Bool) {
        while true {
            let seen = arrivals.now
            model.run(self)
            if state.withLock({ $0.waiting.isEmpty && $0.running.isEmpty }) {
                if isOver() { return }
                arrivals.wait(past: seen)
            }
        }
    }

    /// Wakes `work` to ask whether it is over.
    func wake() { arrivals.advance() }

    var load: Int { state.withLock { min($0.running.count + $0.waiting.count, sequenceLimit) } }

    func fill(_ batch: Batch, ofConcurrent batches: Int) -> Bool {
        let stopped = unwanted()
        let ended = state.withLock { state in
            for (job, reason) in stopped { job.stopReason = job.stopReason ?? reason }
            let ended = removeEnded(&state)
            admit(&state)
            select(batch, share: batches, &state)
            return ended
        }
        for job in ended { job.complete() }
        return !batch.isEmpty
    }

    /// Jobs that should end without a result. Callers are asked outside the lock.
    private func unwanted() -> [(SequenceJob, EngineError)] {
        let clock = ContinuousClock()
        let isExact = FloatEnvironment.isExact
        let (running, waiting) = state.withLock { ($0.running, $0.waiting) }
        var unwanted: [(SequenceJob, EngineError)] = []
        func ask(_ job: SequenceJob) {
            let reason = isExact ? job.control.reason(clock.now) : .floatEnvironment
            if let reason { unwanted.append((job, reason)) }
        }
        for job in running { ask(job) }
        for job in waiting { ask(job) }
        return unwanted
    }

    /// Takes out what has ended, unless a batch still holds rows of it.
    private func removeEnded(_ state: inout State) -> [SequenceJob] {
        var ended: [SequenceJob] = []
        if state.running.contains(where: \.hasEnded) {
            state.running.removeAll { job in
                guard job.hasEnded else { return false }
                if let cache = job.cache { model.close(cache) }
                ended.append(job)
                return true
            }
        }
        if state.waiting.contains(where: \.hasEnded) {
            state.waiting.removeAll { job in
                if job.hasEnded { ended.append(job) }
                return job.hasEnded
            }
        }
        return ended
    }

    /// First come, first served: a sequence that needs more memory than there is waits, and all behind it.
    private func admit(_ state: inout State) {
        while state.running.count < sequenceLimit, let job = state.waiting.first {
            let cache = model.openCache(job.tokens, reusable: job.firstOutput, capacity: job.capacity)
            guard let cache else { return }
            (job.cache, job.scheduled) = (cache, cache.length)
            state.running.append(job)
            state.waiting.removeFirst()
        }
    }

    /// Chooses the rows of a batch.
    private func select(_ batch: Batch, share: Int, _ state: inout State) {
        guard !state.running.isEmpty else { return }
        state.turn = (state.turn + 1) % state.running.count
        let (jobs, turn) = (state.running, state.turn)
        let inTurn = (0..<jobs.count).lazy.map { jobs[(turn + $0) % jobs.count] }
        let drawing = inTurn.filter(\.isDrawing)
        let drawn = min(drawing.reduce(0) { count, _ in count + 1 }, (jobs.count + share - 1) / share)
        // Guesses share what is left of the cheap rows.
        let guesses = guessing ? max(0, Self.cheapRows - drawn) / max(1, drawn) : 0
        for job in drawing.prefix(drawn) { append(job, to: batch, limit: 1, guesses: guesses) }
        let reading = inTurn.filter(\.isReading)
        var left = reading.reduce(0) { count, _ in count + 1 }
        for job in reading {
            append(job, to: batch, limit: max(Self.leastPart, batch.rowsLeft / left))
            left -= 1
        }
    }

    /// Adds the next rows of a sequence, as many as the batch has room for, and behind them guesses.
    private func append(_ job: SequenceJob, to batch: Batch, limit: Int, guesses: Int = 0) {
        guard let cache = job.cache else { preconditionFailure("a running sequence has a cache") }
        let position = job.scheduled
        let withoutOutput = max(0, job.firstOutput - position)
        let count = min(limit, job.tokens.count - position, batch.rowsLeft, withoutOutput + batch.outputsLeft)
        guard count > 0 else { return }
        let first = (row: batch.tokens.count, output: batch.outputs.count)
        batch.open(cache)
        for position in position..<position + count {
            batch.append(job.tokens[position], at: position, wantsOutput: position >= job.firstOutput)
        }
        let room = min(guesses, batch.rowsLeft, batch.outputsLeft, job.capacity - job.tokens.count)
        let guess = room > 0 ? job.guess(limit: room) : 0..<0
        for (position, token) in zip(job.tokens.count..., job.tokens[guess]) {
            batch.append(token, at: position, wantsOutput: true)
        }
        batch.parts.append(
            Batch.Part(
                job: job, rows: first.row..<batch.tokens.count, guesses: guess.count, firstOutput: first.output))
        job.scheduled = position + count
        job.batchesInFlight += 1
        job.awaitsOutputs = batch.outputs.count > first.output
    }

    /// The outputs of a sequence are taken in order.
    func take(_ part: Batch.Part, of batch: Batch) {
        let job = part.job
        guard let cache = job.cache else { preconditionFailure("a running sequence has a cache") }
        var output = part.firstOutput
        var taken = 0
        defer {
            if part.guesses > 0 {
                job.learn(rightGuesses: taken - (part.rows.count - part.guesses), of: part.guesses)
            }
        }
        for row in part.rows {
            guard !job.isFinished else { return }
            let position = batch.positions[row]
            // A guess that was not drawn; nothing behind it means anything.
            guard position < job.tokens.count, job.tokens[position] == batch.tokens[row] else { return }
            guard !batch.failed(row: row) else { return job.fail(position: position) }
            cache.length = position + 1
            taken += 1
            guard position >= job.firstOutput else { continue }
            job.take(position: position, logits: batch.logits(output), hidden: batch.hidden(output))
            output += 1
        }
    }

    func finish(_ batch: Batch) {
        let ended = state.withLock { state in
            for part in batch.parts {
                let job = part.job
                guard let cache = job.cache else { continue }
                model.publish(cache, job.tokens)
                job.isOver = job.isFinished
                job.batchesInFlight -= 1
                guard job.batchesInFlight == 0 else { continue }
                job.awaitsOutputs = false
                job.scheduled = cache.length
                if cache.length == job.tokens.count { job.isOver = true }
            }
            return removeEnded(&state)
        }
        // Nothing is kept of what has ended.
        batch.removeAll()
        for job in ended { job.complete() }
    }
}

extension SequenceJob {
    private var isWanted: Bool { !isOver && stopReason == nil }
    /// One row is to be computed, whose output is the next token.
    fileprivate var isDrawing: Bool { batchesInFlight == 0 && isWanted && tokens.count - scheduled == 1 }
    /// Several rows are to be computed, or the last of a prompt while those before it are being computed.
    fileprivate var isReading: Bool { !awaitsOutputs && isWanted && tokens.count > scheduled && !isDrawing }
    /// Nothing more comes of it.
    fileprivate var hasEnded: Bool { batchesInFlight == 0 && !isWanted }
}
