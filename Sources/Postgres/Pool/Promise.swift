import Synchronization

/// A value that comes later, kept once and awaited by one task; whichever of the two comes first.
final class Promise<Value: Sendable>: Sendable {
    private enum State {
        case pending
        case awaited(CheckedContinuation<Value, Never>)
        case kept(Value)
    }

    private let state = Mutex(State.pending)

    /// Keeps the promise; only the first value counts.
    func keep(_ value: Value) {
        let continuation: CheckedContinuation<Value, Never>? = state.withLock { state in
            if case .kept = state { return nil }
            defer { state = .kept(value) }
            if case .awaited(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume(returning: value)
    }

    /// The value; to be awaited by one task only.
    var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                let kept: Value? = state.withLock { state in
                    if case .kept(let value) = state { return value }
                    state = .awaited(continuation)
                    return nil
                }
                if let kept { continuation.resume(returning: kept) }
            }
        }
    }
}
