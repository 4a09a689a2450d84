import Kernels
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A counter that threads wait on: briefly by spinning, then asleep.
///
/// Sequential consistency makes "announce sleep, then look" and "advance, then look for sleepers" safe together.
final class Gate: @unchecked Sendable {
    /// About 10 µs: longer than the imbalance of most phases. More costs dearly when another process holds a CPU: the
    /// spinning thread keeps the late one from the CPU it waits for (2000 spins were seen to slow decoding on a busy machine).
    private static let spins = 300

    private let count = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    var now: Int { count.load(ordering: .acquiring) }

    func advance() {
        count.wrappingAdd(1, ordering: .sequentiallyConsistent)
        guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Returns when the counter is no longer `seen`.
    func wait(past seen: Int) {
        for _ in 0..<Self.spins {
            if count.load(ordering: .acquiring) != seen { return }
            Processor.spinHint()
        }
        pthread_mutex_lock(mutex)
        sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
        while count.load(ordering: .sequentiallyConsistent) == seen { pthread_cond_wait(condition, mutex) }
        sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(mutex)
    }
}
