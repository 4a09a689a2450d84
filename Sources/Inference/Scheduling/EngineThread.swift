import Kernels
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The thread on which a scheduler works, and which is the first of the model's threads. Ends with its last reference,
/// when all work is done.
final class EngineThread: Sendable {
    /// What the thread and its owner share; it lives until both have let go.
    private final class Shared: Sendable {
        let scheduler: Scheduler
        let cpu: Int?
        let isOver = Atomic<Bool>(false)

        init(_ scheduler: Scheduler, cpu: Int?) {
            self.scheduler = scheduler
            self.cpu = cpu
        }

        func work() {
            if let cpu { _ = Processor.pin(to: cpu) }  // a refusal costs speed, not correctness
            scheduler.work { isOver.load(ordering: .sequentiallyConsistent) }
        }
    }

    private let shared: Shared

    init(_ scheduler: Scheduler, cpu: Int?) throws(EngineError) {
        shared = Shared(scheduler, cpu: cpu)
        let thread = try startThread { [shared] in shared.work() }
        // Not joined: the last reference to the engine may be dropped by a job that completes.
        pthread_detach(thread)
    }

    deinit {
        shared.isOver.store(true, ordering: .sequentiallyConsistent)
        shared.scheduler.wake()
    }
}
