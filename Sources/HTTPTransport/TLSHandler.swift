import Logging
import NIOCore
import TLS

/// Puts a TLS session between the socket and HTTP. What is written before the handshake is over waits.
final class TLSHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case handshaking
        case open
        case ended
    }

    /// Where a record's plaintext fits (RFC 8446, section 5.1).
    private static let recordSize = 16 * 1024

    private let session: TLSSession
    private let timeout: TimeAmount
    private let endsWithCertificate: Bool
    private var state = State.handshaking
    private var waiting: [(bytes: ByteBuffer, promise: EventLoopPromise<Void>?)] = []
    private var timer: Scheduled<Void>?
    private var expiry: Scheduled<Void>?

    /// - Parameter endsWithCertificate: whether the connection drains when the peer's certificate ends.
    init(_ session: TLSSession, timeout: Duration, endsWithCertificate: Bool) {
        self.session = session
        self.timeout = TimeAmount(timeout)
        self.endsWithCertificate = endsWithCertificate
    }

    /// Whom the peer's certificate names.
    private(set) var peer = HTTPPeer.anonymous

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard timer == nil else { return }
        timer = context.eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(in: timeout) { [self] in
            if state == .handshaking { fail(.handshakeTimedOut, context) }
        }
        handshake(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
    }

    func channelInactive(context: ChannelHandlerContext) {
        let wasOpen = state == .open
        end()
        // Bytes may be missing: whoever reads until the end must learn of it.
        if wasOpen, let error = session.endOfInput { context.fireErrorCaught(error) }
        context.fireChannelInactive()
    }

    private func end() {
        state = .ended
        timer?.cancel()
        expiry?.cancel()
        let waiting = waiting
        self.waiting = []
        for write in waiting { write.promise?.fail(ChannelError.ioOnClosedChannel) }
    }

    private func fail(_ error: TLSError, _ context: ChannelHandlerContext) {
        guard state != .ended else { return }
        end()
        // The alert that tells the peer why.
        sendOutput(context)
        context.flush()
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }

    // MARK: Inbound

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state != .ended else { return }
        do {
            try unwrapInboundIn(data).withUnsafeReadableBytes { try session.receive($0) }
        } catch let error as TLSError {
            return fail(error, context)
        } catch {
            return context.fireErrorCaught(error)
        }
        if state == .handshaking { handshake(context) }
        if state == .open { deliver(context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
    }

    private func handshake(_ context: ChannelHandlerContext) {
        do {
            let isOver = try session.advance()
            sendOutput(context)
            context.flush()
            if isOver { opened(context) }
        } catch {
            fail(error, context)
        }
    }

    private func opened(_ context: ChannelHandlerContext) {
        state = .open
        timer?.cancel()
        if let certificate = session.peerCertificate {
            if let identity = certificate.identity { peer = .identified(identity) }
            if endsWithCertificate { scheduleEnd(at: certificate.notAfter, context) }
        }
        let waiting = waiting
        self.waiting = []
        for write in waiting { encrypt(write.bytes, write.promise, context) }
        context.flush()
    }

    /// An identity ends with its certificate: open requests may end, further ones need a new connection.
    private func scheduleEnd(at end: Int64, _ context: ChannelHandlerContext) {
        let seconds = max(0, end - CertificateAuthority.now())
        let channel = context.channel
        expiry = context.eventLoop.scheduleTask(in: .seconds(seconds)) {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }

    /// Hands on all that can be decrypted, in one piece.
    private func deliver(_ context: ChannelHandlerContext) {
        var plain = context.channel.allocator.buffer(capacity: Self.recordSize)
        do {
            while true {
                let count = try plain.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.recordSize) {
                    try session.read($0)
                }
                if count == 0 { break }
            }
        } catch let error as TLSError {
            if plain.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(plain)) }
            return fail(error, context)
        } catch {
            return context.fireErrorCaught(error)
        }
        if plain.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(plain)) }
        guard state == .open else { return }
        if session.pendingOutput > 0 {
            sendOutput(context)
            context.flush()
        }
        if session.isClosedByPeer { close(context: context, mode: .all, promise: nil) }
    }

    // MARK: Outbound

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let bytes = unwrapOutboundIn(data)
        switch state {
        case .handshaking: waiting.append((bytes, promise))
        case .open: encrypt(bytes, promise, context)
        case .ended: promise?.fail(ChannelError.ioOnClosedChannel)
        }
    }

    private func encrypt(_ bytes: ByteBuffer, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
        do {
            try bytes.withUnsafeReadableBytes { try session.write($0) }
            sendOutput(context, promise)
        } catch let error as TLSError {
            promise?.fail(error)
            fail(error, context)
        } catch {
            promise?.fail(error)
        }
    }

    private func sendOutput(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>? = nil) {
        let count = session.pendingOutput
        guard count > 0 else {
            promise?.succeed()
            return
        }
        var buffer = context.channel.allocator.buffer(capacity: count)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { session.takeOutput($0) }
        context.write(wrapOutboundOut(buffer), promise: promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if state == .open, mode != .input {
            session.close()
            sendOutput(context)
            context.flush()
        }
        if mode == .all { end() }
        context.close(mode: mode, promise: promise)
    }
}
