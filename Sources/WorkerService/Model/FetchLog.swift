import Logging
import ModelStorage
import Synchronization

/// Says in the log how far a fetch is: a line every ten seconds at most.
final class FetchLog: Sendable {
    private static let interval: Duration = .seconds(10)

    private struct State {
        var total = 0
        var done = 0
        var received = 0
        var start = ContinuousClock.now
        var said: ContinuousClock.Instant?
    }

    private let logger: Logger
    private let address: PackageAddress
    private let state = Mutex(State())

    init(_ logger: Logger, of address: PackageAddress) {
        self.logger = logger
        self.address = address
    }

    func note(_ event: PackageEvent) {
        switch event {
        case .planned(let bytes, let present):
            state.withLock { $0 = State(total: bytes, done: present) }
            say("fetching the package")
        case .received(let count):
            state.withLock { state in
                state.done += count
                state.received += count
            }
            say("fetching the package")
        case .waiting(let present):
            state.withLock { $0.done = present }
            say("waiting for another process that has the package")
        case .checking: logger.info("checking the package", metadata: ["address": "\(address)"])
        case .banned(let server, let reason):
            logger.warning("a server gave wrong bytes", metadata: ["server": "\(server)", "reason": "\(reason)"])
        case .retrying(let reason): logger.warning("trying again", metadata: ["reason": "\(reason)"])
        case .removed(let id): logger.info("removed from the cache to make room", metadata: ["package": "\(id)"])
        }
    }

    private func say(_ message: Logger.Message) {
        let now = ContinuousClock.now
        let seen: State? = state.withLock { state in
            if let said = state.said, now - said < Self.interval { return nil }
            state.said = now
            return state
        }
        guard let seen else { return }
        var metadata: Logger.Metadata = ["address": "\(address)", "bytes": "\(seen.done)"]
        if seen.total > 0 { metadata["of"] = "\(seen.total)" }
        let rate = Double(seen.received) / max((now - seen.start) / .seconds(1), 1e-3)
        if rate > 0 {
            metadata["bytes_per_second"] = "\(Int(rate))"
            metadata["seconds_left"] = "\(Int(Double(max(0, seen.total - seen.done)) / rate))"
        }
        logger.info(message, metadata: metadata)
    }
}
