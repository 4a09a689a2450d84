package import NIOCore

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
