import Synchronization

/// A signer's own messages, for the others to fetch, with a bell for those who wait for the next one.
package final class MessageBoard: Sendable {
    /// How many may wait at once; more are answered at once with what is there.
    package static let maximumWaiters = 256

    private struct State {
        var messages: [KeyGenerationMessage] = []
        var isClosed = false
        var waiters: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var nextWaiter: UInt64 = 0

        func answers(_ step: KeyGenerationMessage.Step) -> Bool {
            isClosed || messages.contains { $0.step == nil || $0.step == step }
        }
    }

    private let state = Mutex(State())

    package init() {}

    /// Adds a message and rings for everybody.
    package func publish(_ message: KeyGenerationMessage) {
        let waiters = state.withLock { state in
            if !state.messages.contains(message) { state.messages.append(message) }
            return state.waiters.values
        }
        for waiter in waiters { waiter.yield() }
    }

    /// Lets nobody wait any longer: the service stops.
    package func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            return state.waiters.values
        }
        for waiter in waiters { waiter.yield() }
    }

    /// All messages, once the one for `step` or an accusation is among them, or after `wait`.
    package func messages(with step: KeyGenerationMessage.Step, within wait: Duration) async -> [KeyGenerationMessage] {
        let (bell, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state -> UInt64? in
            guard state.waiters.count < Self.maximumWaiters, !state.answers(step) else { return nil }
            state.nextWaiter += 1
            state.waiters[state.nextWaiter] = continuation
            return state.nextWaiter
        }
        if let number {
            await race(bell, for: step, within: wait)
            _ = state.withLock { $0.waiters.removeValue(forKey: number) }
        }
        return state.withLock(\.messages)
    }

    private func race(_ bell: AsyncStream<Void>, for step: KeyGenerationMessage.Step, within wait: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in bell where self.state.withLock({ $0.answers(step) }) { return }
            }
            // Cancelled when the message was faster, or when the asker went away.
            group.addTask { try? await Task.sleep(for: wait) }
            await group.next()
            group.cancelAll()
        }
    }
}
