public import HTTPTypes
public import NIOCore

/// A response with its whole body.
public struct HTTPCollectedResponse: Sendable {
    /// Status and fields.
    public let head: HTTPResponse
    /// The whole body.
    public let body: ByteBuffer
    /// Trailers, if the peer sent any.
    public let trailers: HTTPFields?

    /// The status.
    public var status: HTTPResponse.Status { head.status }
}
