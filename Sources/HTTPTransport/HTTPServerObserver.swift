import NIOCore

/// Hears what a server's connections do. Called on event loops: must be quick.
public protocol HTTPServerObserver: Sendable {
    /// A connection was accepted.
    func connectionOpened()
    /// An accepted connection is gone.
    func connectionClosed()
    /// A connection was closed for lack of room (connections, requests or memory): at once, or later to make room for
    /// another address.
    func connectionRefused()
    /// Bytes came in, after TLS.
    func received(bytes: Int)
    /// Bytes go out, before TLS.
    func sent(bytes: Int)
}

/// Counts what passes between TLS and HTTP.
final class ByteCounter: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let observer: any HTTPServerObserver

    init(_ observer: any HTTPServerObserver) { self.observer = observer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        observer.received(bytes: unwrapInboundIn(data).readableBytes)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        observer.sent(bytes: unwrapOutboundIn(data).readableBytes)
        context.write(data, promise: promise)
    }
}
