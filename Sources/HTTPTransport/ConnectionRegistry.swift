import NIOCore
import Synchronization

/// A server's open connections: the way to reach all of them at shutdown.
final class ConnectionRegistry: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosing = false
    }

    private let state = Mutex(State())

    /// Admits a connection; false when the server is closing.
    func add(_ channel: any Channel) -> Bool {
        let key = ObjectIdentifier(channel)
        let isAdmitted = state.withLock { state in
            guard !state.isClosing else { return false }
            state.channels[key] = channel
            return true
        }
        if isAdmitted {
            channel.closeFuture.whenComplete { _ in
                self.state.withLock { _ = $0.channels.removeValue(forKey: key) }
            }
        }
        return isAdmitted
    }

    /// Admits nobody any more and returns those who are still here.
    func close() -> [any Channel] {
        state.withLock { state in
            state.isClosing = true
            return Array(state.channels.values)
        }
    }
}
