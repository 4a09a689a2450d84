/// What a member of a network is.
public enum PeerRole: String, CaseIterable, Codable, Sendable {
    case gateway, aggregator, worker, signer, administrator, monitor
}

/// Who a certificate speaks for: `dna://<network>/<role>/<name>`, as a URI among its alternative names.
public struct PeerIdentity: Hashable, Sendable, CustomStringConvertible {
    /// The network's id, 64 hexadecimal digits.
    public let network: String
    /// What the peer is.
    public let role: PeerRole
    /// Which one: a signer's identifier, a worker's node key in hexadecimal digits, any name otherwise.
    public let name: String

    /// Nil unless the network is 64 lower-case hexadecimal digits and the name 1 to 128 of letters, digits, `.`, `_`, `-`.
    public init?(network: String, role: PeerRole, name: String) {
        let digits = network.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        guard network.utf8.count == 64, digits, Self.isName(name) else { return nil }
        self.network = network
        self.role = role
        self.name = name
    }

    /// Reads `dna://<network>/<role>/<name>`; nil for anything else.
    public init?(uri: String) {
        guard uri.hasPrefix(Self.scheme) else { return nil }
        let parts = uri.dropFirst(Self.scheme.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let role = PeerRole(rawValue: String(parts[1])) else { return nil }
        self.init(network: String(parts[0]), role: role, name: String(parts[2]))
    }

    /// The URI.
    public var uri: String { "\(Self.scheme)\(network)/\(role.rawValue)/\(name)" }

    /// Role and name: what people call it.
    public var description: String { "\(role.rawValue) \(name)" }

    private static let scheme = "dna://"

    private static func isName(_ name: String) -> Bool {
        (1...128).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
