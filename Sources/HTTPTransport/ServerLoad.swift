import Synchronization

/// What all connections of a server hold together, and what each remote address holds of it.
///
/// An address may hold half of what there is. When nothing is left, addresses are equal: one that comes to at most half of
/// an equal share gets what it asks for, and the address that holds most loses its heaviest connection. So `n`
/// addresses leave each other at least 1/(2n) of everything, whatever they do.
final class ServerLoad: Sendable {
    private struct State {
        var connections = 0
        var bodyBytes = 0
        var addresses: [RemoteAddress: AddressLoad] = [:]

        /// The connection of the address that holds most of something, which holds most of it there.
        func heaviest(
            _ address: (AddressLoad) -> Int, _ connection: (ConnectionShare) -> Int
        ) -> ConnectionShare? {
            addresses.values.max { address($0) < address($1) }?
                .connections.values.max { connection($0) < connection($1) }
        }

        /// Nothing when the connection has left before.
        mutating func leave(_ share: ConnectionShare) {
            let key = ObjectIdentifier(share)
            guard addresses[share.address]?.connections.removeValue(forKey: key) != nil else { return }
            connections -= 1
            forget(share.address)
        }

        mutating func hold(_ change: Int, _ share: ConnectionShare) {
            bodyBytes += change
            addresses[share.address, default: AddressLoad()].bodyBytes += change
            share.bodyBytes.wrappingAdd(change, ordering: .relaxed)
            forget(share.address)
        }

        /// The table holds only addresses that hold something: it is as bounded as the connections are.
        private mutating func forget(_ address: RemoteAddress) {
            guard let load = addresses[address], load.connections.isEmpty, load.bodyBytes <= 0 else { return }
            addresses[address] = nil
        }
    }

    private struct AddressLoad {
        var connections: [ObjectIdentifier: ConnectionShare] = [:]
        var bodyBytes = 0
        let requests = RequestCounter()
    }

    /// How much is held, for whoever watches the server's memory.
    struct Sum {
        var connections: Int
        var requests: Int
        var bodyBytes: Int
    }

    private let connectionLimit: Int
    private let addressLimit: Int
    private let requestLimit: Int
    private let bodyLimit: Int
    private let requests = Atomic(0)
    private let state = Mutex(State())

    init(_ options: HTTPServerOptions) {
        connectionLimit = options.connections
        addressLimit = options.connectionsPerAddress
        requestLimit = options.openRequests
        bodyLimit = options.bodyMemory
    }

    var sum: Sum {
        let open = requests.load(ordering: .relaxed)
        return state.withLock { Sum(connections: $0.connections, requests: open, bodyBytes: $0.bodyBytes) }
    }

    // MARK: Connections

    /// A new connection's share; nil when the server, or this address, has as many as it may. `close` is called when the
    /// connection has to make room for another address.
    func admit(_ address: RemoteAddress, close: @escaping @Sendable () -> Void) -> ConnectionShare? {
        let (share, victim) = state.withLock { state -> (ConnectionShare?, ConnectionShare?) in
            let load = state.addresses[address] ?? AddressLoad()
            let own = load.connections.count
            guard own < addressLimit else { return (nil, nil) }
            var victim: ConnectionShare?
            if state.connections >= connectionLimit {
                let addresses = state.addresses.count + (own == 0 ? 1 : 0)
                guard isSmall(own + 1, of: connectionLimit, addresses) else { return (nil, nil) }
                // One that does nothing is missed least.
                victim = state.heaviest({ $0.connections.count }, { -$0.openRequests })
                guard let victim else { return (nil, nil) }
                shed(victim, &state)
            }
            let share = ConnectionShare(load: self, address: address, requests: load.requests, close: close)
            state.connections += 1
            state.addresses[address, default: load].connections[ObjectIdentifier(share)] = share
            return (share, victim)
        }
        victim?.close()
        return share
    }

    func leave(_ share: ConnectionShare) {
        state.withLock { $0.leave(share) }
    }

    // MARK: Requests

    /// Opens a request. No lock as long as there is room, because every request comes here.
    func openRequest(_ share: ConnectionShare) -> Bool {
        guard share.requests.wrappingAdd(1, ordering: .relaxed).newValue > 0 else { return false }
        let total = requests.wrappingAdd(1, ordering: .relaxed).newValue
        let own = share.ofAddress.count.wrappingAdd(1, ordering: .relaxed).newValue
        if own <= (requestLimit + 1) / 2, total <= requestLimit || makeRoom(own: own) { return true }
        closeRequest(share)
        return false
    }

    func closeRequest(_ share: ConnectionShare) {
        // A connection that was shed has nothing on the books any more.
        guard share.requests.wrappingSubtract(1, ordering: .relaxed).oldValue > 0 else { return }
        requests.wrappingSubtract(1, ordering: .relaxed)
        share.ofAddress.count.wrappingSubtract(1, ordering: .relaxed)
    }

    private func makeRoom(own: Int) -> Bool {
        let victims = state.withLock { state -> [ConnectionShare]? in
            guard isSmall(own, of: requestLimit, state.addresses.count) else { return nil }
            var victims: [ConnectionShare] = []
            while requests.load(ordering: .relaxed) > requestLimit {
                let victim = state.heaviest({ $0.requests.open }, { $0.openRequests })
                guard let victim, victim.openRequests > 0 else { break }
                shed(victim, &state)
                victims.append(victim)
            }
            return victims
        }
        for victim in victims ?? [] { victim.close() }
        return victims != nil && requests.load(ordering: .relaxed) <= requestLimit
    }

    // MARK: Memory

    /// Takes or gives back memory; what is taken beyond the bound is refused.
    func hold(_ change: Int, _ share: ConnectionShare) -> Bool {
        var victims: [ConnectionShare] = []
        let isHeld = state.withLock { state in
            if share.wasShed { return change <= 0 }
            let own = (state.addresses[share.address]?.bodyBytes ?? 0) + change
            if change > 0, own > bodyLimit / 2 { return false }
            while change > 0, state.bodyBytes + change > bodyLimit {
                guard isSmall(own, of: bodyLimit, state.addresses.count) else { return false }
                let victim = state.heaviest({ $0.bodyBytes }, { $0.heldBytes })
                guard let victim, victim.heldBytes > 0 else { return false }
                shed(victim, &state)
                victims.append(victim)
            }
            state.hold(change, share)
            return true
        }
        for victim in victims { victim.close() }
        return isHeld
    }

    // MARK: Fairness

    /// Whether so much is at most half of an equal share: when nothing is left, another address has more than a whole.
    private func isSmall(_ own: Int, of limit: Int, _ addresses: Int) -> Bool { own * 2 * addresses <= limit }

    /// Takes a connection on the books, and what it holds, off them; whoever calls closes it.
    private func shed(_ share: ConnectionShare, _ state: inout State) {
        state.hold(-share.heldBytes, share)
        state.leave(share)
        // So far below zero that what its requests still do changes no sum.
        let open = share.requests.exchange(Int.min / 2, ordering: .relaxed)
        requests.wrappingSubtract(open, ordering: .relaxed)
        share.ofAddress.count.wrappingSubtract(open, ordering: .relaxed)
    }
}

/// One address's open requests. Apart from the rest, because every request counts, and none should need a lock for it.
final class RequestCounter: Sendable {
    let count = Atomic(0)
    var open: Int { count.load(ordering: .relaxed) }
}

/// One connection's part of its server's load.
public final class ConnectionShare: Sendable {
    let address: RemoteAddress
    let ofAddress: RequestCounter
    /// Open requests; far below zero once the connection was shed.
    let requests = Atomic(0)
    /// Memory held for bodies; changed under the load's lock only.
    let bodyBytes = Atomic(0)
    let close: @Sendable () -> Void
    private let load: ServerLoad

    init(
        load: ServerLoad, address: RemoteAddress, requests: RequestCounter, close: @escaping @Sendable () -> Void
    ) {
        self.load = load
        self.address = address
        self.close = close
        ofAddress = requests
    }

    var openRequests: Int { requests.load(ordering: .relaxed) }
    var heldBytes: Int { bodyBytes.load(ordering: .relaxed) }
    var wasShed: Bool { openRequests < 0 }

    /// The connection is gone.
    func leave() { load.leave(self) }

    /// Opens a request; false when the server has as many as it may.
    public func openRequest() -> Bool { load.openRequest(self) }

    /// Ends a request that `openRequest` opened.
    public func closeRequest() { load.closeRequest(self) }

    /// Takes bytes of the memory for bodies, or gives them back when `change` is negative; false, and nothing taken,
    /// when there is no room.
    public func hold(_ change: Int) -> Bool { load.hold(change, self) }
}
