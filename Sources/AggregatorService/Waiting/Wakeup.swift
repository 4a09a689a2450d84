import Synchronization

/// Wakes one waiting task, or lets the next wait return at once: nothing that happens between two waits is missed.
final class Wakeup: Sendable {
    private enum State {
        case idle
        case woken
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.idle)

    func wake() {
        let continuation: CheckedContinuation<Void, Never>? = state.withLock { state in
            if case .waiting(let continuation) = state {
                state = .idle
                return continuation
            }
            state = .woken
            return nil
        }
        continuation?.resume()
    }

    /// Returns when woken, when `sleep` returns, or when the task is cancelled. One task waits at a time.
    func wait(orFor sleep: @escaping @Sendable () async throws -> Void) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                // Cancelled when something else has woken the waiter.
                if (try? await sleep()) != nil { self.wake() }
            }
            await self.wait()
            group.cancelAll()
        }
    }

    /// Returns when woken or when the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWoken = state.withLock { state in
                    if case .woken = state {
                        state = .idle
                        return true
                    }
                    state = .waiting(continuation)
                    return false
                }
                if isWoken { continuation.resume() }
            }
        } onCancel: {
            wake()
        }
    }
}
