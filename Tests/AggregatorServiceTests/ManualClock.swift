import AggregatorService
import DNAProtocol
import Synchronization

/// A clock that a test moves by hand.
final class ManualClock: WallClock {
    private struct State {
        var now: Timestamp
        var sleepers: [UInt64: (until: Timestamp, continuation: CheckedContinuation<Void, Never>)] = [:]
        var nextID: UInt64 = 0
        var cancelled: Set<UInt64> = []
    }

    private let state: Mutex<State>

    init(_ now: Timestamp) { state = Mutex(State(now: now)) }

    func now() -> Timestamp { state.withLock { $0.now } }

    func advance(by seconds: Int64) {
        let due = state.withLock { state in
            state.now = state.now + seconds
            let now = state.now
            let due = state.sleepers.filter { $0.value.until <= now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    func sleep(until moment: Timestamp) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.now >= moment || state.cancelled.remove(id) != nil { return true }
                    state.sleepers[id] = (moment, continuation)
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                let sleeper = state.sleepers.removeValue(forKey: id)
                if sleeper == nil { state.cancelled.insert(id) }
                return sleeper
            }
            sleeper?.continuation.resume()
        }
        try Task.checkCancellation()
    }
}
