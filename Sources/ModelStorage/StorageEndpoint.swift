public import HTTPTransport
public import HTTPTypes

/// Where a storage service answers, and what it wants to see of us.
public struct StorageEndpoint: Sendable, CustomStringConvertible {
    /// Scheme, host and port.
    public let origin: HTTPOrigin
    /// What comes before every path: empty, or `/…` without a slash at the end.
    public let prefix: String
    /// Sent with every request: `Authorization`, for example. Never shown.
    public var fields: HTTPFields

    /// Reads `http(s)://host[:port][/prefix]`; nil for anything else.
    public init?(_ url: String, fields: HTTPFields = [:]) {
        guard let scheme = url.range(of: "://") else { return nil }
        let slash = url[scheme.upperBound...].firstIndex(of: "/") ?? url.endIndex
        guard let origin = HTTPOrigin(String(url[..<slash])) else { return nil }
        var prefix = url[slash...]
        while prefix.hasSuffix("/") { prefix.removeLast() }
        let isPlain = prefix.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"?#".utf8.contains($0) }
        guard isPlain else { return nil }
        self.origin = origin
        self.prefix = String(prefix)
        self.fields = fields
    }

    /// The URL, without the fields.
    public var description: String { origin.description + prefix }
}
