import DequeModule
import Kernels

/// Decides which rows each step computes, so that sequences join and leave at every token.
///
/// A step takes one row of every sequence that draws tokens, then parts of the prompts that are still to be read, then
/// guesses of what comes next while rows cost little. Used from the engine's thread only.
final class Scheduler {
    private struct Entry {
        let job: SequenceJob
        let rows: Range<Int>
        /// How many of the rows, the last ones, are guesses.
        let guesses: Int
        /// Number of the entry's first output in the batch.
        let firstOutput: Int
    }

    private let model: any LanguageModel
    private let sequenceLimit: Int
    private let guessing: Bool
    private let batch: Batch
    private var waiting: Deque<SequenceJob> = []
    private var running: [SequenceJob] = []
    private var entries: [Entry] = []
    /// Whose turn it is to be first.
    private var turn = 0

    /// As many rows share one pass over the weights, so that a step of as many costs little more than one of one.
    private static let cheapRows = 8
    /// Rows that a prompt gets at least, when several are read in turns.
    private static let leastPart = 16

    init(model: any LanguageModel, options: EngineOptions) {
        self.model = model
        sequenceLimit = options.sequences
        guessing = options.guessing
        batch = Batch(rowLimit: model.rowLimit, outputLimit: model.outputLimit)
        running.reserveCapacity(sequenceLimit)
        entries.reserveCapacity(model.rowLimit)
    }

    var isIdle: Bool { waiting.isEmpty && running.isEmpty }
    var waitingCount: Int { waiting.count }

    func add(_ job: SequenceJob) { waiting.append(job) }

    /// Computes one batch and hands out what came of it.
    func step() {
        if !FloatEnvironment.isExact { stopAll(.floatEnvironment) }
        stopUnwanted()
        admit()
        fillBatch()
        if !batch.isEmpty {
            model.run(batch)
            takeOutputs()
        }
        completeFinished()
    }

    private func stopAll(_ error: EngineError) {
        for job in running { job.stop(error) }
        for job in waiting { job.stop(error) }
    }

    private func stopUnwanted() {
        let clock = ContinuousClock()
        for job in running {
            if let reason = job.control.reason(clock.now) { job.stop(reason) }
        }
        for job in waiting {
            if let reason = job.control.reason(clock.now) { job.stop(reason) }
        }
        waiting.removeAll { job in
            if job.isFinished { job.complete() }
            return job.isFinished
        }
    }

    /// First come, first served: a sequence that needs more memory than there is waits, and all behind it.
    private func admit() {
        while running.count < sequenceLimit, let job = waiting.first {
            let cache = model.openCache(job.tokens, reusable: job.firstOutput, capacity: job.capacity)
            guard let cache else { return }
            job.cache = cache
            running.append(job)
            waiting.removeFirst()
        }
    }

    private func fillBatch() {
        batch.removeAll()
        entries.removeAll(keepingCapacity: true)
        guard !running.isEmpty else { return }
        turn = (turn + 1) % running.count
        let inTurn = (0..<running.count).lazy.map { self.running[(self.turn + $0) % self.running.count] }
        let drawing = inTurn.filter { !$0.isFinished && $0.tokens.count - $0.position == 1 }
        let drawingCount = drawing.reduce(0) { count, _ in count + 1 }
        // Guesses share what is left of the cheap rows.
        let guesses = guessing ? max(0, Self.cheapRows - drawingCount) / max(1, drawingCount) : 0
        for job in drawing { append(job, limit: 1, guesses: guesses) }
        let reading = inTurn.filter { !$0.isFinished && $0.tokens.count - $0.position > 1 }
        var left = reading.reduce(0) { count, _ in count + 1 }
        for job in reading {
            append(job, limit: max(Self.leastPart, batch.rowsLeft / left))
            left -= 1
        }
    }

    /// Adds the next rows of a sequence, as many as the batch has room for, and behind them guesses.
    private func append(_ job: SequenceJob, limit: Int, guesses: Int = 0) {
        guard let cache = job.cache else { preconditionFailure("a running sequence has a cache") }
        let position = cache.length
        let withoutOutput = max(0, job.firstOutput - position)
        let count = min(limit, job.tokens.count - position, batch.rowsLeft, withoutOutput + batch.outputsLeft)
        guard count > 0 else { return }
        let first = (row: batch.tokens.count, output: batch.outputs.count)
        batch.open(cache)
        for position in position..<position + count {
            batch.append(job.tokens[position], at: position, wantsOutput: position >= job.firstOutput)
        }
        let room = min(guesses, batch.rowsLeft, batch.outputsLeft, job.capacity - job.tokens.count)
        let guess = job.guess(limit: room)
        for (position, token) in zip(job.tokens.count..., job.tokens[guess]) {
            batch.append(token, at: position, wantsOutput: true)
        }
        entries.append(
            Entry(
                job: job, rows: first.row..<batch.tokens.count, guesses: guess.count, firstOutput: first.output))
    }

    /// Each sequence's outputs are taken in order; those of different sequences at the same time.
    private func takeOutputs() {
        model.inParallel(entries.count) { take(entries[$0]) }
    }

    private func take(_ entry: Entry) {
        let job = entry.job
        guard let cache = job.cache else { preconditionFailure("a running sequence has a cache") }
        var output = entry.firstOutput
        var taken = 0
        defer { job.learn(rightGuesses: taken - (entry.rows.count - entry.guesses), of: entry.guesses) }
        for row in entry.rows {
            let position = batch.positions[row]
            // A guess that was not drawn; nothing behind it means anything.
            guard position < job.tokens.count, job.tokens[position] == batch.tokens[row] else { return }
            guard !model.failed(row: row) else { return job.fail(position: position) }
            cache.length = position + 1
            taken += 1
            guard position >= job.firstOutput else { continue }
            job.take(position: position, logits: model.logits(output), hidden: model.hidden(output))
            output += 1
            guard !job.isFinished else { return }
        }
    }

    private func completeFinished() {
        for entry in entries {
            if let cache = entry.job.cache { model.publish(cache, entry.job.tokens) }
        }
        running.removeAll { job in
            if !job.isFinished, job.position == job.tokens.count { job.isFinished = true }
            guard job.isFinished else { return false }
            if let cache = job.cache { model.close(cache) }
            job.complete()
            return true
        }
    }
}
