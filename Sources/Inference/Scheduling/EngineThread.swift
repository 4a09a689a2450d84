import Kernels
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The thread that steps a scheduler while there is work, and sleeps otherwise. Jobs come in through a bounded inbox.
final class EngineThread: Sendable {
    private struct Inbox {
        var jobs: [SequenceJob] = []
        /// Jobs in the inbox, and those that the scheduler has not begun.
        var waiting = 0
        var isClosed = false
    }

    /// What the thread and its owner share; it lives until both have let go.
    private final class Shared: @unchecked Sendable {
        let inbox = Mutex(Inbox())
        let gate = Gate()
        // Used by the thread alone.
        let scheduler: Scheduler
        let cpu: Int?

        init(_ scheduler: Scheduler, cpu: Int?) {
            self.scheduler = scheduler
            self.cpu = cpu
        }

        func work() {
            if let cpu { _ = Processor.pin(to: cpu) }  // a refusal costs speed, not correctness
            while true {
                let seen = gate.now
                let isClosed = receive()
                if !scheduler.isIdle { scheduler.step() } else if isClosed { return } else { gate.wait(past: seen) }
            }
        }

        private func receive() -> Bool {
            inbox.withLock { inbox in
                for job in inbox.jobs { scheduler.add(job) }
                inbox.jobs.removeAll(keepingCapacity: true)
                inbox.waiting = scheduler.waitingCount
                return inbox.isClosed
            }
        }
    }

    private let shared: Shared
    private let limit: Int

    /// `limit` jobs may wait. Takes the scheduler over.
    init(_ scheduler: sending Scheduler, limit: Int, cpu: Int?) throws(EngineError) {
        shared = Shared(scheduler, cpu: cpu)
        self.limit = limit
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
        shared.inbox.withLock { $0.isClosed = true }
        shared.gate.advance()
    }

    /// False when too many jobs are waiting.
    func submit(_ job: SequenceJob) -> Bool {
        let accepted = shared.inbox.withLock { inbox in
            guard inbox.waiting < limit else { return false }
            inbox.jobs.append(job)
            inbox.waiting += 1
            return true
        }
        if accepted { shared.gate.advance() }
        return accepted
    }
}
