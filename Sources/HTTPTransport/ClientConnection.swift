import HTTP2
import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TLS

/// A client's connection, reachable from any thread.
final class ClientConnection: Sendable {
    private let loop: any EventLoop
    private let bound: NIOLoopBound<HTTPConnection>
    private let channel: any Channel

    private init(loop: any EventLoop, bound: NIOLoopBound<HTTPConnection>, channel: any Channel) {
        self.loop = loop
        self.bound = bound
        self.channel = channel
    }

    /// Completes when the connection is gone.
    var closed: EventLoopFuture<Void> { channel.closeFuture }

    /// Connects, and waits for the peer's SETTINGS: its stream limit, and the proof that it speaks HTTP/2.
    static func connect(
        to origin: HTTPOrigin, options: HTTPClientOptions, group: any EventLoopGroup, logger: Logger
    ) -> EventLoopFuture<ClientConnection> {
        let loop = group.next()
        let deadline = NIODeadline.now() + TimeAmount(options.connectTimeout)
        // A channel may be closed, and its pipeline empty, before anybody could look there: a peer refused by TLS.
        let made = NIOLoopBoundBox.makeBoxSendingValue([ObjectIdentifier: HTTPConnection](), eventLoop: loop)
        return ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: .init(low: 64 * 1024, high: 256 * 1024))
            .connectTimeout(TimeAmount(options.connectTimeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try secure(channel, origin, options.tls)
                    let connection = HTTPConnection(
                        side: .client(queueLimit: options.queuedRequests), options: options.connection,
                        loop: channel.eventLoop, logger: logger)
                    try channel.pipeline.syncOperations.addHandler(connection)
                    made.value[ObjectIdentifier(channel)] = connection
                }
            }
            .connect(host: origin.host, port: origin.port)
            .flatMap { channel in settle(channel, made, by: deadline) }
            .flatMapErrorThrowing { error in throw failure(error, origin) }
    }

    private static func secure(_ channel: any Channel, _ origin: HTTPOrigin, _ options: HTTPTLSOptions?) throws {
        guard let options else {
            if origin.isSecure { throw TLSError.unusable(reason: "this client has no TLS") }
            return
        }
        guard origin.isSecure else { throw TLSError.unusable(reason: "this client speaks TLS only") }
        let session = try TLSSession(options.source.context, host: origin.host)
        let handler = TLSHandler(session, timeout: options.handshakeTimeout, endsWithCertificate: false)
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    private static func settle(
        _ channel: any Channel, _ made: NIOLoopBoundBox<[ObjectIdentifier: HTTPConnection]>, by deadline: NIODeadline
    ) -> EventLoopFuture<ClientConnection> {
        let loop = channel.eventLoop
        return loop.submit {
            guard let connection = made.value[ObjectIdentifier(channel)] else {
                throw ChannelError.inappropriateOperationForState
            }
            return NIOLoopBound(connection, eventLoop: loop)
        }.flatMap { bound in
            let timer = loop.scheduleTask(deadline: deadline) { channel.close(promise: nil) }
            return bound.value.settled.futureResult.map {
                timer.cancel()
                return ClientConnection(loop: loop, bound: bound, channel: channel)
            }
        }
    }

    private static func failure(_ error: any Error, _ origin: HTTPOrigin) -> HTTPTransportError {
        switch error {
        case ChannelError.connectTimeout: .connectTimedOut(origin: origin.description)
        case HTTPTransportError.connectionClosed(let reason):
            .connectFailed(
                origin: origin.description, reason: reason.isEmpty ? "the peer does not speak HTTP/2" : reason)
        default: .connectFailed(origin: origin.description, reason: "\(error)")
        }
    }

    /// Whole request, whole response: one hop to the loop and one back.
    func send(
        _ request: HTTPRequest, body: ByteBuffer?, deadline: Duration, limit: Int
    ) async throws -> HTTPCollectedResponse {
        let ticket = NIOLoopBoundBox.makeBoxSendingValue(Ticket.waiting, eventLoop: loop)
        let bound = bound
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                loop.execute {
                    if case .cancelled = ticket.value { return continuation.resume(throwing: CancellationError()) }
                    do {
                        let stream = try bound.value.submit(request, hasBody: body != nil, deadline: deadline)
                        stream.bodyLimit = limit
                        stream.collector = HTTPStream.Collector(continuation: continuation)
                        ticket.value = .open(HTTPStreamReference(stream))
                        if let body { stream.send(whole: body) }
                    } catch {
                        continuation.resume(throwing: error)
                    }
                }
            }
        } onCancel: {
            loop.execute {
                if case .open(let stream) = ticket.value { stream.cancelCollecting() }
                ticket.value = .cancelled
            }
        }
    }

    private enum Ticket: Sendable {
        case waiting
        case open(HTTPStreamReference)
        case cancelled
    }

    /// Opens a stream whose request body is written and whose response is read piece by piece.
    func open(_ request: HTTPRequest, deadline: Duration?) async throws -> HTTPStreamReference {
        try await loop.submit { [bound] in
            HTTPStreamReference(try bound.value.submit(request, hasBody: true, deadline: deadline))
        }.get()
    }

    /// GOAWAY, the end of the open streams, the end.
    func shutDown() async {
        loop.execute { [bound] in bound.value.shutDown() }
        // However the connection ends, it has ended.
        try? await channel.closeFuture.get()
    }
}

extension HTTPStream {
    fileprivate func send(whole body: ByteBuffer) {
        outbound.append(body)
        outbound.end(nil)
        connection.resume(self)
    }
}

extension HTTPStreamReference {
    fileprivate func cancelCollecting() {
        onLoop { stream in
            guard let collector = stream.collector else { return }
            stream.collector = nil
            collector.continuation.resume(throwing: CancellationError())
            stream.fail(.streamReset(.cancel))
            stream.connection.reset(stream, .cancel)
        }
    }
}
