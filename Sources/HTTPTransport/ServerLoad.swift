package import NIOCore
import Synchronization

/// What all connections of a server hold together, and what each remote address holds of it.
final class ServerLoad: Sendable {
    private struct State {
        var connections = 0
        var bodyBytes = 0
        var addresses: [RemoteAddress: AddressLoad] = [:]

        /// The table holds only addresses that hold something: it is as bounded as the connections are.
        mutating func forget(_ address: RemoteAddress) {
            if let load = addresses[address], load.connections <= 0, load.bodyBytes <= 0 { addresses[address] = nil }
        }
    }

    private struct AddressLoad {
        var connections = 0
        var bodyBytes = 0
        let requests = RequestCounter()
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

    /// A new connection's share; nil when the server, or this address, has as many as it may.
    func admit(_ address: RemoteAddress) -> ConnectionShare? {
        let counter: RequestCounter? = state.withLock { state in
            let load = state.addresses[address] ?? AddressLoad()
            guard state.connections < connectionLimit, load.connections < addressLimit else { return nil }
            state.connections += 1
            state.addresses[address, default: load].connections += 1
            return load.requests
        }
        return counter.map { ConnectionShare(load: self, address: address, requests: $0) }
    }

    func leave(_ address: RemoteAddress) {
        state.withLock { state in
            state.connections -= 1
            state.addresses[address]?.connections -= 1
            state.forget(address)
        }
    }

    /// Opens a request; one address may have half of them.
    func openRequest(of address: RequestCounter) -> Bool {
        let total = requests.wrappingAdd(1, ordering: .relaxed).newValue
        let own = address.count.wrappingAdd(1, ordering: .relaxed).newValue
        if total <= requestLimit, own <= (requestLimit + 1) / 2 { return true }
        closeRequest(of: address)
        return false
    }

    func closeRequest(of address: RequestCounter) {
        requests.wrappingSubtract(1, ordering: .relaxed)
        address.count.wrappingSubtract(1, ordering: .relaxed)
    }

    /// Takes or gives back memory; what is taken beyond the bound is refused.
    func hold(_ change: Int, _ address: RemoteAddress) -> Bool {
        state.withLock { state in
            let total = state.bodyBytes + change
            let own = (state.addresses[address]?.bodyBytes ?? 0) + change
            guard change <= 0 || (total <= bodyLimit && own <= bodyLimit / 2) else { return false }
            state.bodyBytes = total
            state.addresses[address, default: AddressLoad()].bodyBytes = own
            state.forget(address)
            return true
        }
    }
}

/// One address's open requests. Apart from the rest, because every request counts, and none should need a lock for it.
final class RequestCounter: Sendable {
    let count = Atomic(0)
}

/// One connection's part of its server's load.
public final class ConnectionShare: Sendable {
    private let load: ServerLoad
    private let address: RemoteAddress

    private let requests: RequestCounter

    init(load: ServerLoad, address: RemoteAddress, requests: RequestCounter) {
        self.load = load
        self.address = address
        self.requests = requests
    }

    /// The connection is gone.
    func leave() { load.leave(address) }

    /// Opens a request; false when the server has as many as it may.
    public func openRequest() -> Bool { load.openRequest(of: requests) }

    /// Ends a request that `openRequest` opened.
    public func closeRequest() { load.closeRequest(of: requests) }

    /// Takes bytes of the memory for bodies, or gives them back when `change` is negative; false, and nothing taken,
    /// when there is no room.
    public func hold(_ change: Int) -> Bool { load.hold(change, address) }
}

/// What limits by address go by: an IPv4 address, an IPv6 network of 64 bits (a customer's usual share), or neither.
package struct RemoteAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address or network in the usual notation; "local" for sockets without one.
    package let description: String

    /// The address of a peer.
    package init(_ address: SocketAddress?) {
        switch address {
        case .v4: description = address?.ipAddress ?? "local"
        case .v6(let address):
            let bytes = withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
            // ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2) is what a socket for both families calls an IPv4 peer.
            let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
            description = isMapped ? bytes[12...].map(String.init).joined(separator: ".") : Self.network(bytes)
        default: description = "local"
        }
    }

    private static func network(_ bytes: [UInt8]) -> String {
        let groups = stride(from: 0, to: 8, by: 2).map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
        return groups.joined(separator: ":") + "::/64"
    }
}
