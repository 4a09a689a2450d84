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
        let argument = Unmanaged.passRetained(shared)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                // The Linux and Darwin signatures differ in optionality.
                let raw: UnsafeMutableRawPointer? = argument
                guard let raw else { return nil }
                Unmanaged<Shared>.fromOpaque(raw).takeRetainedValue().work()
                return nil
            }, argument.toOpaque())
        guard status == 0 else {
            argument.release()
            throw .cannotStartThread
        }
        // Not joined: the last reference to the engine may be dropped by a job that completes.
        pthread_detach(thread)
    }

    deinit {
        shared.isOver.store(true, ordering: .sequentiallyConsistent)
        shared.scheduler.wake()
    }
}
