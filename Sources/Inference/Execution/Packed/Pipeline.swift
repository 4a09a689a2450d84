import DequeModule
import Synchronization

/// Batches on their way through stages, each of which is a thread. A batch is in one queue, or in the hands of the stage
/// that took it out.
final class Pipeline: Sendable {
    private struct State {
        /// Batches that wait for each stage; those for the first are empty.
        var waiting: [Deque<PackedBatch>]
        var inFlight = 0
        var isOver = false
    }

    private let state: Mutex<State>
    private let stages: Int
    /// One for each stage's queue, so that nobody is woken for another's work.
    private let gates: [Gate]

    init(_ batches: [PackedBatch], stages: Int) {
        var waiting = Array(repeating: Deque<PackedBatch>(), count: stages)
        for index in waiting.indices { waiting[index].reserveCapacity(batches.count) }
        waiting[0].append(contentsOf: batches)
        state = Mutex(State(waiting: waiting))
        self.stages = stages
        gates = (0..<stages).map { _ in Gate() }
    }

    /// The work of one thread, until the source has nothing left, or no more is wanted of it.
    func run(
        _ stage: Int, _ source: any BatchSource, while isWanted: () -> Bool, compute: (PackedBatch) -> Void
    ) {
        while let batch = stage == 0 ? fill(source, while: isWanted) : next(stage) {
            compute(batch)
            guard stage == stages - 1 else {
                pass(batch, to: stage + 1)
                continue
            }
            source.finish(batch)
            pass(batch, to: 0)
        }
    }

    private func pass(_ batch: PackedBatch, to stage: Int) {
        state.withLock { state in
            state.waiting[stage].append(batch)
            if stage == 0 { state.inFlight -= 1 }
        }
        gates[stage].advance()
    }

    /// The next batch for a stage; nil when there will be none.
    private func next(_ stage: Int) -> PackedBatch? {
        while true {
            let seen = gates[stage].now
            let (batch, isOver) = state.withLock { ($0.waiting[stage].popFirst(), $0.isOver) }
            if let batch { return batch }
            if isOver { return nil }
            gates[stage].wait(past: seen)
        }
    }

    /// An empty batch that the source has filled. When there is nothing to compute, that may change with every batch
    /// that is finished; when none is left, the pipeline is over.
    private func fill(_ source: any BatchSource, while isWanted: () -> Bool) -> PackedBatch? {
        while true {
            let seen = gates[0].now
            let (batch, inFlight) = state.withLock { ($0.waiting[0].popFirst(), $0.inFlight) }
            if let batch {
                if isWanted(), source.fill(batch, ofConcurrent: stages) {
                    state.withLock { $0.inFlight += 1 }
                    return batch
                }
                state.withLock { state in
                    state.waiting[0].append(batch)
                    if inFlight == 0 { state.isOver = true }
                }
                if inFlight == 0 {
                    for gate in gates { gate.advance() }
                    return nil
                }
            }
            gates[0].wait(past: seen)
        }
    }
}
