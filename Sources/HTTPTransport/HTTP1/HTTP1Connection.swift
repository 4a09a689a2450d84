import HTTPTypes
import NIOCore
import NIOHTTP1

/// A client's connection: one request after the other. Confined to its event loop.
final class HTTP1Connection: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    private let options: HTTP1ClientOptions
    private var context: ChannelHandlerContext?
    private var call: HTTP1Call?
    private var failure: HTTPTransportError?
    private(set) var isReadHeld = false
    private var keepsAlive = true
    private var hasServed = false
    private var isGone = false
    private var lastProgress = NIODeadline.now()
    private var timer: Scheduled<Void>?
    private var deadline: Scheduled<Void>?
    /// Called once the exchange is over: whether the connection may take another one.
    var onIdle: ((Bool) -> Void)?

    init(options: HTTP1ClientOptions) {
        self.options = options
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { gone(.connectionClosed(reason: "")) }

    func channelInactive(context: ChannelHandlerContext) {
        gone(.connectionClosed(reason: ""))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let reason: HTTPTransportError =
            switch error {
            case let error as HTTPTransportError: error
            case HTTPParserError.headerOverflow: .headTooLarge
            default: .connectionClosed(reason: "\(error)")
            }
        fail(reason)
    }

    private func gone(_ error: HTTPTransportError) {
        guard !isGone else { return }
        isGone = true
        timer?.cancel()
        deadline?.cancel()
        context = nil
        end(error)
    }

    /// Ends the exchange and the connection.
    func fail(_ error: HTTPTransportError) {
        failure = failure ?? error
        keepsAlive = false
        context?.close(promise: nil)
        end(error)
    }

    private func end(_ error: HTTPTransportError) {
        failure = failure ?? error
        keepsAlive = false
        guard let call else { return }
        self.call = nil
        call.fail(failure ?? error)
        deadline?.cancel()
        onIdle?(false)
    }

    /// Closes a connection that nobody uses.
    func close() { context?.close(promise: nil) }

    // MARK: A request

    var isUsable: Bool { !isGone && failure == nil && call == nil && keepsAlive }

    func begin(_ call: HTTP1Call, _ head: HTTPRequestHead, deadline: TimeAmount?) throws(HTTPTransportError) {
        guard isUsable, let context else {
            // Closed while it was kept: another one will do. Never open: its reason is worth more.
            throw hasServed ? .refused : failure ?? .refused
        }
        self.call = call
        hasServed = true
        lastProgress = .now()
        watch(context)
        if let deadline {
            self.deadline = context.eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(in: deadline) {
                [weak self] in
                if self?.call === call { self?.fail(.deadlineExceeded) }
            }
        }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
    }

    /// Writes a piece of body; the writer goes on when the socket has taken enough.
    func write(_ piece: ByteBuffer, _ call: HTTP1Call, _ continuation: CheckedContinuation<Void, any Error>) {
        guard self.call === call, let context else {
            return continuation.resume(throwing: failure ?? HTTPTransportError.writeAfterEnd)
        }
        guard !call.hasFinishedRequest, !call.hasEnded else {
            return continuation.resume(throwing: HTTPTransportError.writeAfterEnd)
        }
        guard call.writer == nil else { return continuation.resume(throwing: HTTPTransportError.concurrentUse) }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolatedUnsafeUnchecked().whenSuccess { [weak self] in self?.lastProgress = .now() }
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece))), promise: written)
        if context.channel.isWritable { continuation.resume() } else { call.writer = continuation }
    }

    func finish(_ call: HTTP1Call) {
        guard self.call === call, let context, !call.hasFinishedRequest else { return }
        call.hasFinishedRequest = true
        lastProgress = .now()
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        settle(call)
    }

    /// Nobody waits for the exchange any more: one that is not complete ends the connection.
    func abandon(_ call: HTTP1Call) {
        if self.call === call { fail(.streamReset(.cancel)) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, let writer = call?.writer {
            call?.writer = nil
            writer.resume()
        }
        context.fireChannelWritabilityChanged()
    }

    private func settle(_ call: HTTP1Call) {
        guard call.hasEnded, self.call === call else { return }
        // An answer that is complete before its request is cannot be followed by another one here.
        if !call.hasFinishedRequest {
            keepsAlive = false
            call.writer?.resume(throwing: HTTPTransportError.writeAfterEnd)
            call.writer = nil
        }
        self.call = nil
        deadline?.cancel()
        if !keepsAlive { context?.close(promise: nil) }
        onIdle?(keepsAlive)
    }

    // MARK: The response

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let call else { return fail(.connectionClosed(reason: "an answer to no request")) }
        lastProgress = .now()
        switch unwrapInboundIn(data) {
        case .head(let head):
            keepsAlive = keepsAlive && head.isKeepAlive
            call.received(HTTPResponse(head))
        case .body(let piece):
            call.received(piece)
        case .end(let trailers):
            call.ended(trailers.map(HTTPFields.init))
            return settle(call)
        }
        if call.hasFailed { fail(.streamReset(.cancel)) }
    }

    /// Holds back reading while the caller has enough to read; the peer then waits as well.
    func read(context: ChannelHandlerContext) {
        if let call, call.waitingBytes >= options.readAhead { isReadHeld = true } else { context.read() }
    }

    func taken() {
        guard isReadHeld, (call?.waitingBytes ?? 0) < options.readAhead / 2 else { return }
        isReadHeld = false
        lastProgress = .now()
        context?.read()
    }

    // MARK: Stalls

    private func watch(_ context: ChannelHandlerContext) {
        guard timer == nil, let call else { return }
        let loop = context.eventLoop.assumeIsolatedUnsafeUnchecked()
        timer = loop.scheduleTask(deadline: lastProgress + call.stall) { [weak self] in
            self?.timer = nil
            self?.checkProgress()
        }
    }

    private func checkProgress() {
        guard let call, let context else { return }
        if call.waitsForCaller { lastProgress = .now() }
        guard lastProgress + call.stall > .now() else {
            return fail(.connectionClosed(reason: "nothing moved for \(call.stall.nanoseconds / 1_000_000_000) s"))
        }
        watch(context)
    }
}

extension HTTPResponse {
    fileprivate init(_ head: HTTPResponseHead) {
        self.init(
            status: .init(code: Int(head.status.code), reasonPhrase: head.status.reasonPhrase),
            headerFields: HTTPFields(head.headers))
    }
}

extension HTTPFields {
    fileprivate init(_ headers: HTTPHeaders) {
        self.init()
        for (name, value) in headers {
            // The codec has checked the names; one that HTTPTypes rejects all the same is dropped.
            if let name = HTTPField.Name(name) { append(HTTPField(name: name, value: value)) }
        }
    }
}
