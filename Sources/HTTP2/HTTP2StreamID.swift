/// A stream's number within its connection (RFC 9113, section 5.1.1): odd ones are opened by the client.
public struct HTTP2StreamID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number on the wire, 1 … 2^31 − 1.
    public let rawValue: Int32

    /// Wraps a number from the wire.
    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The number in decimal.
    public var description: String { String(rawValue) }
}
