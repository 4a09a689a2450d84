package import DNAProtocol
import Synchronization

/// Who waits for which request to end.
///
/// A waiter registers first and reads the row afterwards: an end that comes between the two is kept for it, so that no
/// wake-up is lost. Being woken says "look again", nothing more.
package final class WaitingRegistry: Sendable {
    /// Why a wait is over.
    package enum Wake: Hashable, Sendable {
        /// Something may have changed: read the row.
        case lookAgain
        /// The deadline passed, or the waiting task was cancelled.
        case timedOut
    }

    private let limit: Int
    private let state = Mutex(State())

    /// A registry for at most `limit` waiters.
    package init(limit: Int) { self.limit = limit }

    /// How many wait.
    package var count: Int { state.withLock { $0.waiters.count } }

    /// Runs the body with a place among the waiters for `request`; nil when all places are taken.
    package func withPlace<Value: Sendable>(
        for request: RequestID, _ body: (Place) async throws -> Value
    ) async rethrows -> Value? {
        guard let number = state.withLock({ $0.register(request, limit: limit) }) else { return nil }
        defer { state.withLock { $0.remove(number) } }
        return try await body(Place(registry: self, number: number))
    }

    /// Wakes everybody who waits for `request`.
    package func wake(_ request: RequestID) {
        let sleepers = state.withLock { $0.wake($0.numbers[request] ?? []) }
        for sleeper in sleepers { sleeper.resume(returning: .lookAgain) }
    }

    /// Wakes everybody: notifications may have been lost.
    package func wakeAll() {
        let sleepers = state.withLock { $0.wake(Set($0.waiters.keys)) }
        for sleeper in sleepers { sleeper.resume(returning: .lookAgain) }
    }

    /// One waiter's place. Used by one task.
    package struct Place: Sendable {
        let registry: WaitingRegistry
        let number: UInt64

        /// Waits to be woken; returns at once when that has happened since the last wait.
        package func wait(until deadline: ContinuousClock.Instant) async -> Wake {
            await registry.wait(number, until: deadline)
        }
    }

    private func wait(_ number: UInt64, until deadline: ContinuousClock.Instant) async -> Wake {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Ends early when the waiter is woken, or its task is cancelled.
                try? await Task.sleep(until: deadline, clock: .continuous)
                self.state.withLock { $0.takeSleeper(number) }?.resume(returning: .timedOut)
            }
            let wake = await withCheckedContinuation { continuation in
                // Asked under the lock: the child that ended first has found nobody to resume.
                let isOver = state.withLock {
                    $0.sleep(number, continuation, isTooLate: Task.isCancelled || ContinuousClock.now >= deadline)
                }
                if let isOver { continuation.resume(returning: isOver) }
            }
            group.cancelAll()
            return wake
        }
    }
}

extension WaitingRegistry {
    private typealias Sleeper = CheckedContinuation<Wake, Never>

    private struct State {
        struct Waiter {
            let request: RequestID
            var isWoken = false
            var sleeper: CheckedContinuation<Wake, Never>?
        }

        var waiters: [UInt64: Waiter] = [:]
        var numbers: [RequestID: Set<UInt64>] = [:]
        private var nextNumber: UInt64 = 0

        mutating func register(_ request: RequestID, limit: Int) -> UInt64? {
            guard waiters.count < limit else { return nil }
            nextNumber += 1
            waiters[nextNumber] = Waiter(request: request)
            numbers[request, default: []].insert(nextNumber)
            return nextNumber
        }

        mutating func remove(_ number: UInt64) {
            guard let waiter = waiters.removeValue(forKey: number) else { return }
            numbers[waiter.request]?.remove(number)
            if numbers[waiter.request]?.isEmpty == true { numbers[waiter.request] = nil }
        }

        /// Who is to be resumed; the others find their wake-up when they come to wait.
        mutating func wake(_ numbers: Set<UInt64>) -> [Sleeper] {
            numbers.compactMap { number in
                let sleeper = takeSleeper(number)
                if sleeper == nil { waiters[number]?.isWoken = true }
                return sleeper
            }
        }

        /// Keeps the continuation, or says what it is to be resumed with at once.
        mutating func sleep(_ number: UInt64, _ sleeper: Sleeper, isTooLate: Bool) -> Wake? {
            guard var waiter = waiters[number] else { return .timedOut }
            if waiter.isWoken {
                waiters[number]?.isWoken = false
                return .lookAgain
            }
            if isTooLate { return .timedOut }
            waiter.sleeper = sleeper
            waiters[number] = waiter
            return nil
        }

        mutating func takeSleeper(_ number: UInt64) -> Sleeper? {
            defer { waiters[number]?.sleeper = nil }
            return waiters[number]?.sleeper
        }
    }
}
