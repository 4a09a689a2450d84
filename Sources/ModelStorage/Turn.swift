import Synchronization

/// Numbers from 0, each to one task.
final class Turn: Sendable {
    private let next = Atomic(0)

    func take() -> Int { next.wrappingAdd(1, ordering: .relaxed).oldValue }
}
