import HTTPTransport
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// The limits of one HTTP/1.1 connection, between the codec and Hummingbird's channel. HTTP/2 has its own inside the
/// session and the connection.
final class HTTP1Guard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Memory for bodies is taken in pieces of this size beyond a first one of 16 KiB, as on HTTP/2.
    private static let step = 64 * 1024
    private static let freeBytes = 16 * 1024

    private let options: HTTPServerOptions
    private let share: ConnectionShare
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?

    private var hasAsked = false
    private var isReadingBody = false
    private var openResponses = 0
    private var hasBegun = false
    private var discarded: Int?
    private var bodyBytes = 0
    private var bodyBegan = NIODeadline.uptimeNanoseconds(0)
    private var idleSince = NIODeadline.now()
    private var pendingBytes = 0
    private var takenAt: NIODeadline?
    private var held = 0

    init(options: HTTPServerOptions, share: ConnectionShare) {
        self.options = options
        self.share = share
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        arm()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func end() {
        timer?.cancel()
        timer = nil
        context = nil
        bodyBytes = 0
        pendingBytes = 0
        _ = hold()
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            hasAsked = true
            isReadingBody = true
            openResponses += 1
            hasBegun = false
            bodyBytes = 0
            bodyBegan = .now()
        case .body(let chunk):
            if discarded != nil { return discard(chunk.readableBytes, context) }
            bodyBytes += chunk.readableBytes
            if !hold() { return refuse(options.overloadResponse, context) }
        case .end:
            isReadingBody = false
            discarded = nil
        }
        context.fireChannelRead(data)
    }

    /// The answer is out: what still comes of the body is read and thrown away, up to a point.
    private func discard(_ count: Int, _ context: ChannelHandlerContext) {
        let total = (discarded ?? 0) + count
        discarded = total
        if total > options.connection.earlyAnswerDiscard { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard case HTTPParserError.headerOverflow? = error as? HTTPParserError, openResponses == 0 else {
            return context.fireErrorCaught(error)
        }
        refuse((HTTPResponse(status: .requestHeaderFieldsTooLarge), ByteBuffer()), context)
    }

    /// Answers in the handler's place, if it has not begun, and closes.
    private func refuse(_ response: (head: HTTPResponse, body: ByteBuffer), _ context: ChannelHandlerContext) {
        if !hasBegun || openResponses == 0 {
            var head = response.head
            head.headerFields[.connection] = "close"
            head.headerFields[.contentLength] = String(response.body.readableBytes)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(response.body)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
        context.close(promise: nil)
    }

    // MARK: Responses

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head:
            hasBegun = true
            context.write(data, promise: promise)
        case .body(let chunk): write(chunk, data, promise, context)
        case .end:
            context.write(data, promise: promise)
            responseEnded(context)
        }
    }

    private func write(
        _ chunk: ByteBuffer, _ data: NIOAny, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext
    ) {
        let count = chunk.readableBytes
        pendingBytes += count
        guard hold() else {
            promise?.fail(HTTPTransportError.overloaded)
            return context.close(promise: nil)
        }
        if takenAt == nil { takenAt = .now() }
        let taken = promise ?? context.eventLoop.makePromise()
        taken.futureResult.assumeIsolatedUnsafeUnchecked().whenComplete { _ in self.written(count) }
        context.write(data, promise: taken)
    }

    private func written(_ count: Int) {
        pendingBytes = max(pendingBytes - count, 0)
        takenAt = pendingBytes == 0 ? nil : .now()
        _ = hold()
    }

    private func responseEnded(_ context: ChannelHandlerContext) {
        openResponses -= 1
        idleSince = .now()
        guard isReadingBody, discarded == nil else { return }
        bodyBytes = 0
        discarded = 0
        let grace = TimeAmount(options.connection.earlyAnswerGrace)
        context.eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(in: grace) { [weak self] in
            if self?.discarded != nil { self?.context?.close(promise: nil) }
        }
    }

    // MARK: Limits

    /// Takes or gives back memory for what the request and its response hold.
    private func hold() -> Bool {
        let excess = max((openResponses > 0 ? bodyBytes : 0) + pendingBytes - Self.freeBytes, 0)
        let wanted = (excess + Self.step - 1) / Self.step * Self.step
        if wanted == held { return true }
        guard share.hold(wanted - held) else { return false }
        held = wanted
        return true
    }

    /// Looks at the connection's progress now and then.
    private func arm() {
        guard let context else { return }
        let limits = [options.connection.stallTimeout, options.bodyGrace, options.firstRequestTimeout]
        let interval = TimeAmount((limits.min() ?? .seconds(1)) / 4)
        timer = context.eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(in: max(interval, .milliseconds(1))) {
            [weak self] in self?.look()
        }
    }

    private func look() {
        let now = NIODeadline.now()
        if isStalled(now) || isIdle(now) {
            context?.close(promise: nil)
        } else if isTooSlow(now), let context {
            refuse(options.slowBodyResponse, context)
        } else {
            arm()
        }
    }

    private func isStalled(_ now: NIODeadline) -> Bool {
        takenAt.map { $0 + TimeAmount(options.connection.stallTimeout) <= now } ?? false
    }

    private func isTooSlow(_ now: NIODeadline) -> Bool {
        guard isReadingBody, discarded == nil else { return false }
        let seconds = Double((now - bodyBegan - TimeAmount(options.bodyGrace)).nanoseconds) / 1e9
        return seconds > 0 && Double(bodyBytes) < seconds * Double(options.bodyRate)
    }

    private func isIdle(_ now: NIODeadline) -> Bool {
        guard openResponses == 0 else { return false }
        return idleSince + TimeAmount(hasAsked ? options.connection.idleTimeout : options.firstRequestTimeout) <= now
    }
}
