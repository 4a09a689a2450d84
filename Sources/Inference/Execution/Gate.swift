import Kernels
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A counter that threads wait on: briefly by spinning, a little longer by letting others run, then asleep.
///
/// Sequential consistency makes "announce sleep, then look" and "advance, then look for sleepers" safe together.
final class Gate: @unchecked Sendable {
    /// About 10 µs: longer than the imbalance of most phases. More costs dearly when another process holds a CPU: the
    /// spinning thread keeps the late one from the CPU it waits for (2000 spins were seen to slow decoding on a busy machine).
    private static let spins = 300
    /// How long others are let run, in nanoseconds. Who sleeps is late when woken, on a virtual machine above all; the
    /// others then sleep in the next phase, and so on.
    private static let patience: UInt64 = 200_000
    /// A yield that took longer, in nanoseconds, gave the CPU to another process, for a whole slice of time.
    private static let longYield: UInt64 = 1_000_000
    /// Nanoseconds in which all waits sleep at once after that.
    private static let crowdedTime: UInt64 = 100_000_000

    private let count = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// When waits may yield again. Which thread has the last word matters to nobody.
    private let crowdedUntil = Atomic<UInt64>(0)

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
            if now != seen { return }
            Processor.spinHint()
        }
        if !yield(past: seen) { sleep(past: seen) }
    }

    /// Whether the counter went past `seen` while others could run.
    private func yield(past seen: Int) -> Bool {
        let began = Self.nanoseconds
        guard began >= crowdedUntil.load(ordering: .relaxed) else { return false }
        var time = began
        repeat {
            sched_yield()
            let before = time
            time = Self.nanoseconds
            if time - before > Self.longYield { crowdedUntil.store(time + Self.crowdedTime, ordering: .relaxed) }
            if now != seen { return true }
        } while time - began < Self.patience
        return false
    }

    private static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private func sleep(past seen: Int) {
        pthread_mutex_lock(mutex)
        sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
        while count.load(ordering: .sequentiallyConsistent) == seen { pthread_cond_wait(condition, mutex) }
        sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(mutex)
    }
}
