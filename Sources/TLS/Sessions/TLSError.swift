/// Why a session could not be made, or ended.
public enum TLSError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Certificate, key or authorities that cannot be used.
    case unusable(reason: String)
    /// The peer is not who it must be; `reason` says what is wrong with its certificate.
    case peerRefused(reason: String)
    /// The peer broke the protocol, or refused this side with an alert.
    case failed(reason: String)
    /// More bytes of handshake than one takes.
    case handshakeTooLarge
    /// No handshake in time.
    case handshakeTimedOut
    /// The peer speaks none of the protocols asked for.
    case protocolNotSpoken
    /// The connection ended without the peer's goodbye: bytes may be missing.
    case truncated

    /// A sentence for logs.
    public var description: String {
        switch self {
        case .unusable(let reason): "TLS cannot be set up: \(reason)"
        case .peerRefused(let reason): "TLS peer refused: \(reason)"
        case .failed(let reason): "TLS failed: \(reason)"
        case .handshakeTooLarge: "TLS handshake too large"
        case .handshakeTimedOut: "no TLS handshake in time"
        case .protocolNotSpoken: "the TLS peer does not speak the protocol asked for"
        case .truncated: "the TLS connection was cut off"
        }
    }
}
