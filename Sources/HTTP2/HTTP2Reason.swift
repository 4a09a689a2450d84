/// An error code of RST_STREAM and GOAWAY (RFC 9113, section 7). Unknown codes are legal and kept.
public struct HTTP2Reason: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The code on the wire.
    public let rawValue: UInt32

    /// Wraps a code from the wire.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The end without an error.
    public static let noError = Self(rawValue: 0x0)
    /// The peer broke the protocol.
    public static let protocolError = Self(rawValue: 0x1)
    /// This endpoint failed.
    public static let internalError = Self(rawValue: 0x2)
    /// The stream was turned away before any of it was processed: safe to retry.
    public static let refusedStream = Self(rawValue: 0x7)
    /// The stream is no longer wanted.
    public static let cancel = Self(rawValue: 0x8)
    /// The peer asks for more than its share.
    public static let enhanceYourCalm = Self(rawValue: 0xb)

    private static let names = [
        "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
        "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
    ]

    /// The name in RFC 9113, or the number of an unknown code.
    public var description: String {
        rawValue < UInt32(Self.names.count) ? Self.names[Int(rawValue)] : "error \(rawValue)"
    }
}
