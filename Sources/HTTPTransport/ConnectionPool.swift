import Logging
import NIOCore
import Synchronization

/// The connections of a client: a few per origin, each shared by many requests.
final class ConnectionPool: Sendable {
    /// A connection, perhaps still connecting, and how many requests hold it.
    final class Slot: Sendable {
        let connection: EventLoopFuture<ClientConnection>
        fileprivate let holders = Mutex(0)

        fileprivate init(_ connection: EventLoopFuture<ClientConnection>) {
            self.connection = connection
        }
    }

    private struct State {
        var slots: [HTTPOrigin: [Slot]] = [:]
        /// Connections that take no new requests but are not closed yet.
        var retired: [Slot] = []
        var isShutDown = false

        /// Takes a slot out of those that serve `origin`; false when it is not among them.
        @discardableResult
        mutating func take(_ slot: Slot, from origin: HTTPOrigin) -> Bool {
            guard let index = slots[origin]?.firstIndex(where: { $0 === slot }) else { return false }
            slots[origin]?.remove(at: index)
            if slots[origin]?.isEmpty == true { slots[origin] = nil }
            return true
        }
    }

    /// Requests on one connection beyond which another is opened; servers commonly allow 100 streams or more.
    private static let crowded = 100

    private let options: HTTPClientOptions
    private let group: any EventLoopGroup
    private let logger: Logger
    private let state = Mutex(State())

    init(options: HTTPClientOptions, group: any EventLoopGroup, logger: Logger) {
        self.options = options
        self.group = group
        self.logger = logger
    }

    /// Runs `body` with a connection to `origin`.
    func withConnection<R: Sendable>(
        to origin: HTTPOrigin, _ body: (ClientConnection) async throws -> R
    ) async throws -> R {
        let slot = try take(origin)
        defer { slot.holders.withLock { $0 -= 1 } }
        do {
            return try await body(slot.connection.get())
        } catch let error as HTTPTransportError where error.isUnprocessed {
            // Refusing or never connected: the next request, or this one again, gets another connection.
            if error != .tooManyRequests { retire(slot, from: origin) }
            throw error
        }
    }

    private func take(_ origin: HTTPOrigin) throws(HTTPTransportError) -> Slot {
        let (slot, isNew): (Slot?, Bool) = state.withLock { state in
            if state.isShutDown { return (nil, false) }
            let slots = state.slots[origin] ?? []
            let best = slots.min { $0.load < $1.load }
            if let best, best.load < Self.crowded || slots.count >= options.connectionsPerOrigin {
                best.holders.withLock { $0 += 1 }
                return (best, false)
            }
            let slot = Slot(
                ClientConnection.connect(to: origin, options: options, group: group, logger: logger))
            slot.holders.withLock { $0 = 1 }
            state.slots[origin, default: []].append(slot)
            return (slot, true)
        }
        guard let slot else { throw .shutDown }
        if isNew { watch(slot, origin) }
        return slot
    }

    private func watch(_ slot: Slot, _ origin: HTTPOrigin) {
        slot.connection.flatMap(\.closed).whenComplete { [weak self] _ in
            self?.remove(slot, from: origin)
        }
    }

    private func remove(_ slot: Slot, from origin: HTTPOrigin) {
        state.withLock { state in
            state.take(slot, from: origin)
            state.retired.removeAll { $0 === slot }
        }
    }

    private func retire(_ slot: Slot, from origin: HTTPOrigin) {
        state.withLock { state in
            // One that closed meanwhile is forgotten already, and nobody would forget it a second time.
            if state.take(slot, from: origin) { state.retired.append(slot) }
        }
    }

    /// Lets the open requests end and closes the connections they use; whatever comes opens new ones.
    func renew() async {
        let slots = state.withLock { state in
            let slots = state.slots.values.flatMap { $0 }
            state.slots = [:]
            state.retired += slots
            return slots
        }
        for slot in slots {
            if let connection = try? await slot.connection.get() { await connection.shutDown() }
        }
    }

    /// Takes no more requests, lets the open ones end, closes.
    func shutDown() async {
        let slots = state.withLock { state in
            state.isShutDown = true
            return state.slots.values.flatMap { $0 } + state.retired
        }
        for slot in slots {
            // One that never connected has nothing to close.
            if let connection = try? await slot.connection.get() { await connection.shutDown() }
        }
    }
}

extension ConnectionPool.Slot {
    fileprivate var load: Int { holders.withLock { $0 } }
}
