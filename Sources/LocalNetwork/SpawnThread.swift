import Glibc
import Synchronization

/// One thread that lives as long as the process and starts every child.
///
/// PR_SET_PDEATHSIG is sent "when the thread that created it dies", not the process: a child started on a thread of
/// Swift's pool would be killed when that thread retires.
final class SpawnThread: Sendable {
    static let shared = SpawnThread()

    private let queue = Mutex<[@Sendable () -> Void]>([])
    private let available = SemaphoreBox()

    private init() {
        startThread { [self] in
            while true {
                available.wait()
                let job = queue.withLock { $0.removeFirst() }
                job()
            }
        }
    }

    /// Runs the work on the thread.
    func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            queue.withLock { $0.append { continuation.resume(returning: work()) } }
            available.signal()
        }
    }
}

/// Owns one POSIX semaphore.
///
/// Unchecked, because POSIX makes the semaphore safe for threads, and its address never changes.
private final class SemaphoreBox: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    func wait() { while sem_wait(semaphore) != 0 {} }
}

/// Runs `body` on a new detached thread. A process that cannot start a thread cannot supervise others.
func startThread(_ body: @escaping @Sendable () -> Void) {
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
    precondition(status == 0, "no thread to be had")
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
