import DequeModule
import Kernels
import Synchronization

/// Decides which rows each batch has, so that sequences join and leave at every token.
///
/// A batch takes one row of every sequence that draws tokens, then parts of the prompts that are still to be read, then
/// guesses of what comes next while rows cost little.
///
/// A sequence gets memory as it grows. When there is none left, the one that began last gives its own back and waits to
/// be computed again, so that the oldest always goes on: alone it has room, for the pool holds a whole context.
final class Scheduler: BatchSource {
    private struct State {
        /// In the order of arrival; all came later than those that run.
        var waiting: Deque<SequenceJob> = []
        /// In the order of arrival.
        var running: [SequenceJob] = []
        /// Whose turn it is to be first.
        var turn = 0
        /// There was no memory for the first that waits, and none was given back since.
        var isShort = false
        var counts = SchedulerCounts()
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

    /// Whether a job would be turned away now.
    var isFull: Bool { state.withLock { $0.waiting.count >= waitingLimit } }

    var counts: SchedulerCounts {
        state.withLock { state in
            var counts = state.counts
            (counts.waiting, counts.running) = (state.waiting.count, state.running.count)
            return counts
        }
    }

    var load: Int {
        state.withLock { $0.isShort ? $0.running.count : min($0.running.count + $0.waiting.count, sequenceLimit) }
    }

    func fill(_ batch: Batch, ofConcurrent batches: Int) -> Bool {
        let stopped = unwanted()
        let ended = state.withLock { state in
            for (job, reason) in stopped { job.stopReason = job.stopReason ?? reason }
            let ended = removeEnded(&state)
            admit(&state)
            let able = makeRoom(&state)
            select(batch, among: able, share: batches, &state)
            if !batch.isEmpty { state.counts.begin() }
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
        if state.running.contains(where: { $0.hasEnded }) {
            state.running.removeAll { job in
                guard job.hasEnded else { return false }
                if let cache = job.cache { model.close(cache) }
                ended.append(job)
                return true
            }
            state.isShort = false
        }
        if state.waiting.contains(where: { $0.hasEnded }) {
            state.waiting.removeAll { job in
                if job.hasEnded { ended.append(job) }
                return job.hasEnded
            }
            state.isShort = false
        }
        return ended
    }

    /// First come, first served: a sequence for whose tokens there is no memory waits, and all behind it.
    private func admit(_ state: inout State) {
        while !state.isShort, state.running.count < sequenceLimit, let job = state.waiting.first {
            let cache = model.openCache(
                job.tokens, reusable: job.firstOutput, room: min(job.tokens.count + 1, job.capacity),
                limit: job.capacity, besides: state.running.count)
            guard let cache else {
                state.isShort = true
                return
            }
            (job.cache, job.scheduled) = (cache, cache.length)
            state.counts.reusedPositions += cache.length
            state.running.append(job)
            state.waiting.removeFirst()
        }
    }

    /// Sees to it that every sequence that runs, the oldest first, has memory for its next row, and takes it from the
    /// youngest if there is none. Returns how many, the oldest ones, may have rows in the next batch: when the youngest
    /// cannot be sent away yet, because a batch holds rows of it, it and all that need its memory wait for that batch.
    private func makeRoom(_ state: inout State) -> Int {
        var able = 0
        while able < state.running.count {
            let job = state.running[able]
            if !job.wantsRows || hasRoom(job) {
                able += 1
                continue
            }
            guard able < state.running.count - 1, let youngest = state.running.last, youngest.batchesInFlight == 0
            else {
                return able
            }
            state.running.removeLast()
            if let cache = youngest.yieldCache() { model.close(cache) }
            state.waiting.prepend(youngest)
            state.isShort = false
            state.counts.evictions += 1
        }
        return able
    }

    private func hasRoom(_ job: SequenceJob) -> Bool {
        guard let cache = job.cache else { preconditionFailure("a running sequence has a cache") }
        return job.scheduled < cache.room || model.grow(cache, to: job.scheduled + 1)
    }

    /// Chooses the rows of a batch among the oldest `count` sequences.
    private func select(_ batch: Batch, among count: Int, share: Int, _ state: inout State) {
        guard count > 0 else { return }
        state.turn = (state.turn + 1) % count
        let (jobs, turn) = (state.running, state.turn)
        var (drawing, reading) = (0, 0)
        for job in jobs[..<count] {
            if job.isDrawing { drawing += 1 } else if job.isReading { reading += 1 }
        }
        // However many draw, prompts are read: some rows are kept for them, all when it is a prompt's turn.
        let part = jobs[turn].isReading ? batch.rowsLeft : batch.rowsLeft / 2
        let kept = reading == 0 ? 0 : min(Self.leastPart, part)
        drawing = min(drawing, (count + share - 1) / share, batch.rowsLeft - kept)
        // Guesses share what is left of the cheap rows.
        let guesses = guessing ? max(0, Self.cheapRows - drawing) / max(1, drawing) : 0
        for index in 0..<count where drawing > 0 {
            let job = jobs[(turn + index) % count]
            guard job.isDrawing else { continue }
            append(job, to: batch, limit: 1, guesses: guesses)
            drawing -= 1
        }
        for index in 0..<count where reading > 0 {
            let job = jobs[(turn + index) % count]
            guard job.isReading else { continue }
            append(job, to: batch, limit: max(Self.leastPart, batch.rowsLeft / reading))
            reading -= 1
        }
    }

    /// Adds the next rows of a sequence, as many as the batch has room for, and behind them guesses.
    private func append(_ job: SequenceJob, to batch: Batch, limit: Int, guesses: Int = 0) {
        guard let cache = job.cache else { preconditionFailure("a running sequence has a cache") }
        let position = job.scheduled
        let count = min(limit, job.tokens.count - position, batch.rowsLeft)
        guard count > 0 else { return }
        let first = (row: batch.tokens.count, output: batch.outputs.count)
        batch.open(cache)
        for position in position..<position + count {
            batch.append(job.tokens[position], at: position, wantsOutput: position >= job.firstOutput)
        }
        let guess = guess(job, cache, limit: min(guesses, batch.rowsLeft))
        for (position, token) in zip(job.tokens.count..., job.tokens[guess]) {
            batch.append(token, at: position, wantsOutput: true)
        }
        batch.parts.append(
            Batch.Part(
                job: job, rows: first.row..<batch.tokens.count, guesses: guess.count,
                outputs: first.output..<batch.outputs.count))
        job.scheduled = position + count
        job.batchesInFlight += 1
        job.awaitsOutputs = job.drawsTokens && batch.outputs.count > first.output
    }

    /// Where in the tokens a guess of what comes next stands. For guesses nobody's memory is taken.
    private func guess(_ job: SequenceJob, _ cache: SequenceCache, limit: Int) -> Range<Int> {
        let next = job.tokens.count
        let limit = min(limit, job.capacity - next)
        guard limit > 0 else { return 0..<0 }
        let guess = job.guess(limit: limit)
        if next + guess.count > cache.room, !model.grow(cache, to: next + guess.count) {
            return guess.prefix(max(0, cache.room - next))
        }
        return guess
    }

    func finish(_ batch: Batch) {
        let ended = state.withLock { state in
            state.counts.end()
            for part in batch.parts {
                let job = part.job
                guard let cache = job.cache else { continue }
                model.publish(cache, job.tokens)
                job.isOver = job.isFinished
                job.batchesInFlight -= 1
                guard job.batchesInFlight == 0 else { continue }
                (state.counts.rightGuesses, job.rightGuesses) = (state.counts.rightGuesses + job.rightGuesses, 0)
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
    fileprivate var wantsRows: Bool { isDrawing || isReading }
    /// One row is to be computed, whose output is the next token.
    fileprivate var isDrawing: Bool { batchesInFlight == 0 && isWanted && tokens.count - scheduled == 1 }
    /// Several rows are to be computed, or the last of a prompt while those before it are being computed.
    fileprivate var isReading: Bool { !awaitsOutputs && isWanted && tokens.count > scheduled && !isDrawing }
    /// Nothing more comes of it.
    fileprivate var hasEnded: Bool { batchesInFlight == 0 && !isWanted }
}

/// What a scheduler has done so far.
package struct SchedulerCounts: Equatable, Sendable {
    /// Sequences that wait now.
    package fileprivate(set) var waiting = 0
    /// Sequences that run now.
    package fileprivate(set) var running = 0
    /// Sequences that gave their memory back to be computed again.
    package fileprivate(set) var evictions = 0
    /// Positions that were not computed, for an earlier sequence began with the same tokens.
    package fileprivate(set) var reusedPositions = 0
    /// Guessed tokens that were drawn.
    package fileprivate(set) var rightGuesses = 0
    /// The most batches that were computed at the same time.
    package private(set) var concurrentBatches = 0
    private var batches = 0

    fileprivate mutating func begin() {
        batches += 1
        concurrentBatches = max(concurrentBatches, batches)
    }

    fileprivate mutating func end() { batches -= 1 }
}
