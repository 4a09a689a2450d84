import Glibc

/// What a certificate is to say.
public struct CertificateRequest: Sendable {
    /// Whom it speaks for; nil for a certificate outside of the network's own protocol, as a database's is.
    public var identity: PeerIdentity?
    /// The subject's common name; the identity's role and name by default.
    public var commonName: String?
    /// DNS names it is good for.
    public var dnsNames: [String]
    /// IPv4 and IPv6 addresses it is good for.
    public var ipAddresses: [String]
    /// The key it is for.
    public var publicKey: PublicKey
    /// How long it is good for, seconds from now.
    public var lifetime: Int64

    /// Thirty days.
    public static let defaultLifetime: Int64 = 30 * 86_400

    /// A request for a leaf.
    public init(
        identity: PeerIdentity?, commonName: String? = nil, dnsNames: [String] = [], ipAddresses: [String] = [],
        publicKey: PublicKey, lifetime: Int64 = defaultLifetime
    ) {
        self.identity = identity
        self.commonName = commonName
        self.dnsNames = dnsNames
        self.ipAddresses = ipAddresses
        self.publicKey = publicKey
        self.lifetime = lifetime
    }

    var subject: String { commonName ?? identity.map { $0.role.rawValue + " " + $0.name } ?? "" }

    /// OpenSSL's notation for alternative names, in which a comma begins the next: so every name is checked.
    func alternativeNames() throws(CertificateError) -> String {
        var entries: [String] = []
        if let identity { entries.append("URI:" + identity.uri) }
        for name in dnsNames {
            let isSane = name.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                    || [42, 45, 46, 95].contains($0)
            }
            guard isSane, (1...253).contains(name.utf8.count) else { throw .invalidName(name) }
            entries.append("DNS:" + name)
        }
        for address in ipAddresses {
            guard Self.isAddress(address) else { throw .invalidName(address) }
            entries.append("IP:" + address)
        }
        return entries.joined(separator: ",")
    }

    /// Whether `text` is an IPv4 or IPv6 address.
    static func isAddress(_ text: String) -> Bool {
        var (four, six) = (in_addr(), in6_addr())
        return inet_pton(AF_INET, text, &four) == 1 || inet_pton(AF_INET6, text, &six) == 1
    }
}
