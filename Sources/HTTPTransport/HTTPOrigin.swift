/// Where requests of one connection go: scheme, host and port.
public struct HTTPOrigin: Hashable, Sendable, CustomStringConvertible {
    /// Host name or address; an IPv6 address without its brackets.
    public let host: String
    /// TCP port.
    public let port: Int
    /// Whether it is reached by TLS.
    public let isSecure: Bool

    /// An `http` origin, or an `https` one.
    public init(host: String, port: Int, isSecure: Bool = false) {
        self.host = host
        self.port = port
        self.isSecure = isSecure
    }

    /// Reads `http://host[:port][/]`, or the same with `https`; nil for anything else, a path included.
    public init?(_ text: String) {
        let isSecure = text.hasPrefix("https://")
        guard isSecure || text.hasPrefix("http://") else { return nil }
        var rest = text.dropFirst(isSecure ? "https://".count : "http://".count)
        if rest.hasSuffix("/") { rest.removeLast() }
        var port = isSecure ? 443 : 80
        // A colon inside brackets belongs to an IPv6 address.
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") {
            guard let number = UInt16(rest[rest.index(after: colon)...]) else { return nil }
            port = Int(number)
            rest = rest[..<colon]
        }
        if rest.hasPrefix("["), rest.hasSuffix("]") { rest = rest.dropFirst().dropLast() }
        guard !rest.isEmpty, !rest.contains(where: { "/?#@ ".contains($0) }) else { return nil }
        self.init(host: String(rest), port: port, isSecure: isSecure)
    }

    /// `:scheme` of its requests.
    public var scheme: String { isSecure ? "https" : "http" }

    /// `:authority` of its requests.
    public var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The origin as a URL.
    public var description: String { "\(scheme)://\(authority)" }
}
