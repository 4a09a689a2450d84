/// A header field: lower-case name and value.
public struct HTTP2Field: Hashable, Sendable {
    /// Lower-case name.
    public var name: String
    /// Value without surrounding white space.
    public var value: String

    /// A field from its name, already in lower case, and its value.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// The head of a request (`method`, `scheme`, `authority`, `path`) or of a response (`status`), with its fields.
public struct HTTP2Head: Hashable, Sendable {
    /// `:method`, empty in a response.
    public var method = ""
    /// `:scheme`, empty in a response.
    public var scheme = ""
    /// `:authority`, empty when the client sent none.
    public var authority = ""
    /// `:path` with the query, empty in a response.
    public var path = ""
    /// `:status`, 0 in a request.
    public var status = 0
    /// All other fields in the order received.
    public var fields: [HTTP2Field] = []

    /// An empty head.
    public init() {}

    mutating func setPseudoHeader(_ name: UnsafeBufferPointer<UInt8>, _ value: String) {
        // nghttp2 lets no unknown or repeated pseudo-header through, so length and one letter tell them apart.
        switch (name.count, name[1]) {
        case (5, _): path = value
        case (7, UInt8(ascii: "m")): method = value
        case (7, _) where name[2] == UInt8(ascii: "c"): scheme = value
        case (7, _): status = Int(value) ?? 0
        default: if name[1] == UInt8(ascii: "a") { authority = value }
        }
    }
}
