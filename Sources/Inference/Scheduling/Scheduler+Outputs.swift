extension Scheduler {
    func draw(_ outputs: Range<Int>, of batch: Batch, _ scratch: DrawScratch) {
        for part in batch.parts where !part.job.isFinished {
            guard let sampler = part.job.sampler, sampler.isMemoryless else { continue }
            for index in part.outputs.clamped(to: outputs) where !batch.failed(row: batch.outputs[index]) {
                let token = batch.output(index, scratch).token(by: sampler)
                batch.keep(token.map { .token($0) } ?? .notFinite, output: index)
            }
        }
    }

    func take(_ part: Batch.Part, _ portion: Range<Int>, of batch: Batch, _ scratch: DrawScratch) {
        guard let rows = part.rows(with: portion) else { return }
        take(rows, of: part, batch, scratch)
        guard part.guesses > 0, rows.upperBound == part.rows.upperBound else { return }
        let guessed = batch.positions[part.rows.upperBound - part.guesses]
        part.job.learn(rightGuesses: max(0, part.job.position - guessed), of: part.guesses)
    }

    private func take(_ rows: Range<Int>, of part: Batch.Part, _ batch: Batch, _ scratch: DrawScratch) {
        let job = part.job
        guard let cache = job.cache else { preconditionFailure("a running sequence has a cache") }
        for row in rows {
            guard !job.isFinished else { return }
            let position = batch.positions[row]
            // A guess that was not drawn; nothing behind it means anything.
            guard position < job.tokens.count, job.tokens[position] == batch.tokens[row] else { return }
            guard !batch.failed(row: row) else { return job.fail(position: position) }
            cache.length = position + 1
            guard let output = part.output(row: row) else { continue }
            job.take(batch.output(output, scratch))
        }
    }
}
