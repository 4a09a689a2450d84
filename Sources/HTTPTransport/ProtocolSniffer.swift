import NIOCore

/// Tells HTTP/2 from HTTP/1.1 by a connection's first bytes, then leaves the pipeline.
final class ProtocolSniffer: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    enum Choice {
        case http2
        case http1
    }

    /// RFC 9113, section 3.4.
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private let timeout: TimeAmount
    private let choose: (Choice, any Channel) throws -> Void
    private var held = ByteBuffer()
    private var hasDecided = false
    private var timer: Scheduled<Void>?

    init(timeout: Duration, _ choose: @escaping (Choice, any Channel) throws -> Void) {
        self.timeout = TimeAmount(timeout)
        self.choose = choose
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if hasDecided { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        held.writeBuffer(&bytes)
        let seen = held.readableBytesView.prefix(Self.preface.count)
        if !seen.elementsEqual(Self.preface.prefix(seen.count)) {
            decide(.http1, context)
        } else if seen.count == Self.preface.count {
            decide(.http2, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A connection that has not said a word has nothing to drain.
        if event is ChannelShouldQuiesceEvent, !hasDecided { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    private func decide(_ choice: Choice, _ context: ChannelHandlerContext) {
        hasDecided = true
        timer?.cancel()
        do {
            try choose(choice, context.channel)
        } catch {
            return context.close(promise: nil)
        }
        context.fireChannelRead(wrapInboundOut(held))
        context.fireChannelReadComplete()
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}
