public import TLS

/// TLS on one side of HTTP.
public struct HTTPTLSOptions: Sendable {
    /// Asked for each new connection, so that a renewed certificate is used at once.
    public var source: TLSContextSource
    /// How long a handshake may take.
    public var handshakeTimeout: Duration = .seconds(5)

    /// Every new connection uses what `source` has at that time.
    public init(_ source: TLSContextSource) {
        self.source = source
    }
}

/// Who sent a request, as far as the connection tells.
public enum HTTPPeer: Hashable, Sendable {
    /// The connection is not TLS: nothing is known and nothing is checked.
    case unchecked
    /// TLS, but no certificate, or one that names nobody.
    case anonymous
    /// The holder of a certificate that an authority of the listener vouches for.
    case identified(PeerIdentity)

    /// Whom the certificate names.
    public var identity: PeerIdentity? {
        if case .identified(let identity) = self { identity } else { nil }
    }
}
