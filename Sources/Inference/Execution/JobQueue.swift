import Kernels
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A thread of its own that does one job after another, first come, first served, with a bounded queue.
final class JobQueue: Sendable {
    typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: [Job] = []
        var isClosed = false
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
        let gate = Gate()

        func work(cpu: Int?) {
            if let cpu { _ = Processor.pin(to: cpu) }  // a refusal costs speed, not correctness
            while true {
                let seen = gate.now
                let (job, isClosed) = state.withLock { ($0.jobs.isEmpty ? nil : $0.jobs.removeFirst(), $0.isClosed) }
                if let job { job() } else if isClosed { return } else { gate.wait(past: seen) }
            }
        }
    }

    private let shared = Shared()
    private let limit: Int

    init(limit: Int, cpu: Int?) throws(EngineError) {
        self.limit = limit
        let argument = Unmanaged.passRetained(Start(shared, cpu))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                // The Linux and Darwin signatures differ in optionality.
                let raw: UnsafeMutableRawPointer? = argument
                guard let raw else { return nil }
                let start = Unmanaged<Start>.fromOpaque(raw).takeRetainedValue()
                start.shared.work(cpu: start.cpu)
                return nil
            }, argument.toOpaque())
        guard status == 0 else {
            argument.release()
            throw .cannotStartThread
        }
        // Not joined: the last reference to the queue may be dropped by one of its own jobs.
        pthread_detach(thread)
    }

    private final class Start {
        let shared: Shared
        let cpu: Int?
        init(_ shared: Shared, _ cpu: Int?) {
            self.shared = shared
            self.cpu = cpu
        }
    }

    deinit {
        shared.state.withLock { $0.isClosed = true }
        shared.gate.advance()
    }

    /// False when the queue is full.
    func submit(_ job: @escaping Job) -> Bool {
        let accepted = shared.state.withLock { state in
            guard state.jobs.count < limit else { return false }
            state.jobs.append(job)
            return true
        }
        if accepted { shared.gate.advance() }
        return accepted
    }
}
