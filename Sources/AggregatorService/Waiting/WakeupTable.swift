import Synchronization

/// Who waits for which thing. Its size is bounded by the tasks that wait: open requests and owned ones.
final class WakeupTable<Key: Hashable & Sendable>: Sendable {
    private struct State {
        var wakeups: [Key: [ObjectIdentifier: Wakeup]] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Whether nobody should wait any longer.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// How many things somebody waits for.
    var count: Int { state.withLock { $0.wakeups.count } }

    /// Runs `body` with a wakeup that hears of `key` from now on.
    func waiting<Value>(for key: Key, _ body: (Wakeup) async throws -> Value) async rethrows -> Value {
        let wakeup = Wakeup()
        let id = ObjectIdentifier(wakeup)
        state.withLock { $0.wakeups[key, default: [:]][id] = wakeup }
        defer {
            state.withLock { state in
                state.wakeups[key]?[id] = nil
                if state.wakeups[key]?.isEmpty == true { state.wakeups[key] = nil }
            }
        }
        return try await body(wakeup)
    }

    func wake(_ key: Key) {
        let wakeups = state.withLock { $0.wakeups[key].map { Array($0.values) } ?? [] }
        for wakeup in wakeups { wakeup.wake() }
    }

    func wakeAll() {
        let wakeups = state.withLock { $0.wakeups.values.flatMap(\.values) }
        for wakeup in wakeups { wakeup.wake() }
    }

    /// Lets everybody go, for good.
    func close() {
        state.withLock { $0.isClosed = true }
        wakeAll()
    }
}
