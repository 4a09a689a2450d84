import HTTP2
import HTTPTypes
import Logging
import NIOCore

/// The channel handler around a session: one HTTP/2 connection, server or client. Everything runs on `loop`.
final class HTTPConnection: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A class, because every request looks at it, and copies of its options would cost more than the look.
    final class ServerSide {
        let handler: any HTTPRequestHandler
        let options: HTTPServerOptions
        let executor: EventLoopTaskExecutor
        let peer: HTTPPeer
        let share: ConnectionShare

        init(
            handler: any HTTPRequestHandler, options: HTTPServerOptions, executor: EventLoopTaskExecutor,
            peer: HTTPPeer, share: ConnectionShare
        ) {
            self.handler = handler
            self.options = options
            self.executor = executor
            self.peer = peer
            self.share = share
        }
    }

    /// A request whose handler starts at the end of the read burst.
    struct ReadyRequest {
        let stream: HTTPStream
        let head: HTTPRequest
    }

    enum Side {
        case server(ServerSide)
        case client(queueLimit: Int)
    }

    static let outputSize = 32 * 1024

    let side: Side
    let options: HTTPConnectionOptions
    let loop: any EventLoop
    let logger: Logger
    let session: HTTP2Session
    var context: ChannelHandlerContext?
    var streams: [HTTP2StreamID: HTTPStream] = [:]
    var ready: [ReadyRequest] = []
    /// Requests without a place, until they are answered.
    var refused: [HTTPStream] = []
    /// Memory taken for what the socket does not take.
    var heldOutput = 0
    /// Whether the channel would read if the peer took what waits for it.
    var isReadDue = false
    var runningHandlers = 0
    var header = HTTP2HeaderBlock()
    var timers = ConnectionTimers()
    var failureReason = ""
    var isDraining = false
    var hasReceivedGoAway = false
    var isTornDown = false
    /// Client: completes when the peer's SETTINGS have arrived.
    let settled: EventLoopPromise<Void>
    private var output: ByteBuffer?
    private var isReading = false
    private var isFlushing = false
    private var isFlushScheduled = false

    init(side: Side, options: HTTPConnectionOptions, loop: any EventLoop, logger: Logger) {
        self.side = side
        self.options = options
        self.loop = loop
        self.logger = logger
        settled = loop.makePromise()
        switch side {
        case .server: session = HTTP2Session(role: .server, limits: options.http2)
        case .client: session = HTTP2Session(role: .client, limits: options.http2)
        }
    }

    /// The connection's part of its server's load.
    var share: ConnectionShare? {
        if case .server(let server) = side { server.share } else { nil }
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start() }
    }

    func channelActive(context: ChannelHandlerContext) {
        start()
        context.fireChannelActive()
    }

    private func start() {
        let now = NIODeadline.now()
        timers.lastRead = now
        timers.idleSince = now
        armTimer()
        flush()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let now = NIODeadline.now()
        timers.lastRead = now
        isReading = true
        unwrapInboundIn(data).withUnsafeReadableBytes {
            session.receive($0, at: .nanoseconds(Int64(now.uptimeNanoseconds)))
        }
        process(session.takeEvents())
        dispatchReady()
        isReading = false
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flush()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            timers.unwritableSince = nil
            outputTaken(context)
            flush()
        } else {
            timers.unwritableSince = .now()
            armSweep()
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        tearDown()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        tearDown()
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("connection failed", metadata: ["error": "\(error)"])
        failureReason = "\(error)"
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            shutDown()
        } else if let event = event as? ChannelEvent, event == .inputClosed {
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func tearDown() {
        guard !isTornDown else { return }
        isTornDown = true
        timers.cancel()
        let error = HTTPTransportError.connectionClosed(reason: failureReason)
        settled.fail(error)
        let open = streams
        streams.removeAll()
        ready.removeAll()
        refused.removeAll()
        releaseOutput()
        session.forgetBodies()
        for stream in open.values {
            stream.fail(error)
            stream.isClosed = true
            stream.release()
        }
    }

    // MARK: Output

    /// Sends what the session has: at the end of the read burst, or on the loop's next turn.
    func scheduleFlush() {
        if isReading || isFlushing || isFlushScheduled || isTornDown { return }
        isFlushScheduled = true
        loop.assumeIsolatedUnsafeUnchecked().execute { self.flush() }
    }

    func flush() {
        isFlushScheduled = false
        guard !isFlushing, !isTornDown, let context else { return }
        let hasStopped = send(context)
        if !refused.isEmpty { endRefused(context) }
        // The socket took at once what had filled the channel, and said so while this was still flushing: go on, after
        // the loop's other connections.
        if hasStopped, context.channel.isWritable { scheduleFlush() }
        if !context.channel.isWritable { holdOutput() }
        if session.isFinished { context.close(promise: nil) }
    }

    /// Sends what the session has and the channel takes. True when the channel was full before the session had said all.
    func send(_ context: ChannelHandlerContext) -> Bool {
        isFlushing = true
        let hasStopped = writeOutput(context)
        isFlushing = false
        // Sending has events too: an early answer, a closed stream.
        process(session.takeEvents())
        return hasStopped
    }

    private func writeOutput(_ context: ChannelHandlerContext) -> Bool {
        var buffer = output ?? context.channel.allocator.buffer(capacity: Self.outputSize)
        output = nil
        buffer.clear(minimumCapacity: 1024)
        var hasWritten = false
        var hasStopped = true
        // What an unwritable channel does not take stays in the session, where it is bounded.
        while context.channel.isWritable {
            guard session.withNextOutput({ buffer.writeBytes($0) }) != nil else {
                hasStopped = false
                break
            }
            guard buffer.readableBytes >= Self.outputSize else { continue }
            context.write(wrapOutboundOut(buffer), promise: nil)
            hasWritten = true
            buffer = context.channel.allocator.buffer(capacity: Self.outputSize)
        }
        if buffer.readableBytes > 0 {
            context.write(wrapOutboundOut(buffer), promise: nil)
            hasWritten = true
        }
        if hasWritten { context.flush() }
        output = buffer
        return hasStopped
    }

    func consume(_ count: Int, of stream: HTTPStream) {
        guard !isTornDown else { return }
        session.consume(count, of: stream.id)
        scheduleFlush()
    }

    func resume(_ stream: HTTPStream) {
        guard !isTornDown else { return }
        if stream.isDeferred {
            stream.isDeferred = false
            session.resumeBody(of: stream.id)
        }
        scheduleFlush()
    }

    func reset(_ stream: HTTPStream, _ code: HTTP2Reason) {
        guard !isTornDown, !stream.isClosed else { return }
        session.reset(stream.id, code)
        scheduleFlush()
    }
}
