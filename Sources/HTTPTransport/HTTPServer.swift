public import HTTPTypes
public import Logging
public import NIOCore
import NIOPosix

/// What a server needs to know.
public struct HTTPServerOptions: Sendable {
    /// Address to bind.
    public var host = "127.0.0.1"
    /// Port to bind; 0 takes a free one.
    public var port = 0
    /// How each connection behaves.
    public var connection = HTTPConnectionOptions()
    /// Time from a request's head to its response's end. `HTTPResponseWriter.setDeadline` changes it for one request.
    public var requestDeadline: Duration = .seconds(60)
    /// Bytes of body accepted in a request; reading beyond throws `bodyTooLarge`.
    public var requestBodyLimit = 10 << 20
    /// Connections open at once; one more is closed, or one of the address that has most.
    public var connections = 10_000
    /// Connections open at once from one address (IPv6: one /64 network); one more is closed.
    public var connectionsPerAddress = 1_024
    /// Requests open at once on all connections, from their heads until their answers are taken; one more is answered
    /// 503, or reset when that cannot be said at once. One address may have half of them. An address that comes to at
    /// most half of an equal share is not refused: the address that has most loses its heaviest connection.
    public var openRequests = 8_192
    /// Bytes of bodies held in memory for all connections, in and out, beyond the first 16 KiB of each request. One
    /// address may hold half of it. A request that needs more is answered 503, or reset when its response has begun; who
    /// comes to at most half of an equal share is served as `openRequests` says. What a socket does not take counts too.
    public var bodyMemory = 256 << 20
    /// How often the server looks whether it holds much less than before; then memory that was freed goes back to the
    /// system, which `malloc` by itself keeps.
    public var memoryReturnInterval: Duration = .seconds(1)
    /// How long a connection may take to say which protocol it speaks.
    public var prefaceTimeout: Duration = .seconds(10)
    /// How long a connection may take until its first request's head is complete.
    public var firstRequestTimeout: Duration = .seconds(20)
    /// How long a request's body may take before `bodyRate` is asked of it.
    public var bodyGrace: Duration = .seconds(10)
    /// Bytes per second of a request's body, on average, below which the request is answered 408.
    public var bodyRate = 1_024
    /// What a request gets whose deadline passed before its response began.
    public var deadlineResponse = (head: HTTPResponse(status: .gatewayTimeout), body: ByteBuffer())
    /// What a request gets that the server has no room for.
    public var overloadResponse = (head: HTTPResponse(status: .serviceUnavailable), body: ByteBuffer())
    /// What a request gets whose body comes too slowly.
    public var slowBodyResponse = (head: HTTPResponse(status: .requestTimeout), body: ByteBuffer())
    /// TLS for every connection; nil listens in the clear.
    public var tls: HTTPTLSOptions?
    /// Hears what the connections do.
    public var observer: (any HTTPServerObserver)?
    /// Takes over a connection that speaks HTTP/1.1; nil closes such connections.
    public var http1: (@Sendable (any Channel, HTTPPeer, ConnectionShare) throws -> Void)?

    /// The numbers above, on a free port of the loopback interface.
    public init() {}
}

/// A listener: HTTP/2 with prior knowledge, and HTTP/1.1 if a handler for it is installed.
public final class HTTPServer: Sendable {
    /// Bytes a channel may hold that its socket has not taken, and one write beyond.
    static let writeBufferHighWaterMark = 64 * 1024

    /// The port bound.
    public let port: Int
    private let channel: any Channel
    private let registry: ConnectionRegistry
    private let drainTimeout: Duration

    private init(channel: any Channel, registry: ConnectionRegistry, drainTimeout: Duration) {
        self.channel = channel
        self.registry = registry
        self.drainTimeout = drainTimeout
        port = channel.localAddress?.port ?? 0
    }

    /// Binds and accepts. Throws the socket's error when the address cannot be bound.
    public static func start(
        _ options: HTTPServerOptions, group: any EventLoopGroup, logger: Logger, handler: any HTTPRequestHandler
    ) async throws -> HTTPServer {
        let load = ServerLoad(options)
        let registry = ConnectionRegistry()
        let observer = options.observer
        let acceptor = ConnectionAcceptor(options: options, group: group, logger: logger, handler: handler)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .writeBufferWaterMark, value: .init(low: writeBufferHighWaterMark / 2, high: writeBufferHighWaterMark)
            )
            .childChannelInitializer { channel in
                let close: @Sendable () -> Void = {
                    // Not at once: whoever needs the room may be in the middle of something on the same loop.
                    channel.eventLoop.execute { channel.close(promise: nil) }
                    observer?.connectionRefused()
                }
                guard let share = load.admit(RemoteAddress(channel.remoteAddress), close: close) else {
                    observer?.connectionRefused()
                    return channel.close()
                }
                channel.closeFuture.whenComplete { _ in share.leave() }
                guard registry.add(channel) else { return channel.close() }
                if let observer {
                    observer.connectionOpened()
                    channel.closeFuture.whenComplete { _ in observer.connectionClosed() }
                }
                return channel.eventLoop.makeCompletedFuture { try acceptor.set(up: channel, share) }
            }
            .bind(host: options.host, port: options.port).get()
        MemoryWatch(load).run(every: options.memoryReturnInterval, with: channel)
        return HTTPServer(channel: channel, registry: registry, drainTimeout: options.connection.drainTimeout)
    }

    /// Stops accepting, sends GOAWAY on every connection and waits for open requests; after the drain timeout
    /// what is left is closed.
    public func shutdown() async {
        // Already closed is as good as closed now.
        try? await channel.close()
        let open = registry.close()
        for child in open { child.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        let loop = channel.eventLoop
        let timer = loop.scheduleTask(in: TimeAmount(drainTimeout)) {
            for child in open { child.close(promise: nil) }
        }
        for child in open { try? await child.closeFuture.get() }
        timer.cancel()
    }
}
