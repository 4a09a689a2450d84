import Glibc
import Synchronization

/// Runs `body` on a new thread that nobody joins.
func detachThread(_ body: @escaping @Sendable () -> Void) throws(PostgresError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let box = Unmanaged.passRetained(ThreadBody(body))
    var thread = pthread_t()
    let status = pthread_create(
        &thread, &attributes,
        { argument in
            guard let argument else { return nil }
            Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        }, box.toOpaque())
    guard status == 0 else {
        box.release()
        throw .resourceUnavailable("thread")
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// One thread that runs an actor's jobs in order, so that waiting on a socket there holds up nobody else.
final class SerialThread: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    private let waker: Waker

    init() throws(PostgresError) {
        waker = try Waker()
        try detachThread { [self] in run() }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        waker.fire()
    }

    /// Ends the thread once the jobs already given have run.
    func stop() {
        state.withLock { $0.isStopped = true }
        waker.fire()
    }

    private func run() {
        while true {
            let (jobs, isStopped) = state.withLock { state in
                defer { state.jobs.removeAll(keepingCapacity: true) }
                return (state.jobs, state.isStopped)
            }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
            if !jobs.isEmpty { continue }
            if isStopped { return }
            _ = waker.wait(until: nil)
            waker.drain()
        }
    }
}

/// A C call that offers no deadline, made on a thread of its own so that its caller can stop waiting for it.
final class BlockingCall<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let finished: Waker

    init(_ work: @escaping @Sendable () -> Value) throws(PostgresError) {
        finished = try Waker()
        try detachThread { [self] in
            let result = work()
            value.withLock { $0 = result }
            finished.fire()
        }
    }

    /// The call's result, or nil when it is not there by the deadline; the call itself goes on.
    func value(by deadline: ContinuousClock.Instant) -> Value? {
        guard finished.wait(until: deadline) else { return nil }
        return value.withLock { $0 }
    }
}
