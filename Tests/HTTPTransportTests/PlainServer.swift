import HTTPTransport
import NIOCore
import NIOPosix
import Synchronization
import TLS

/// A server that sends what a test tells it to, byte for byte.
final class PlainServer: Sendable {
    /// What one connection has received, and how to answer.
    final class Peer: Sendable {
        private typealias Waiter = (
            isEnough: @Sendable ([UInt8]) -> Bool, continuation: CheckedContinuation<Void, Never>
        )

        let channel: any Channel
        private let state = Mutex((bytes: [UInt8](), waiter: Waiter?.none, ended: false))

        init(_ channel: any Channel) { self.channel = channel }

        fileprivate func received(_ bytes: [UInt8]?) {
            let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
                if let bytes { state.bytes += bytes } else { state.ended = true }
                guard let waiter = state.waiter, state.ended || waiter.isEnough(state.bytes) else { return nil }
                state.waiter = nil
                return waiter.continuation
            }
            waiter?.resume()
        }

        var text: String { state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }
        var received: Int { state.withLock { $0.bytes.count } }

        /// Waits until what the client has sent is enough, or it has gone. Nothing comes unseen between look and wait.
        func wait(until isEnough: @escaping @Sendable ([UInt8]) -> Bool) async {
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    if state.ended || isEnough(state.bytes) { return true }
                    state.waiter = (isEnough, continuation)
                    return false
                }
                if isThere { continuation.resume() }
            }
        }

        /// Waits until the client has sent so many bytes, or has gone.
        func wait(for count: Int) async { await wait { $0.count >= count } }

        /// Waits for the end of a request without body.
        func head() async { await wait { String(decoding: $0, as: UTF8.self).contains("\r\n\r\n") } }

        func send(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
        func send(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes) }
        func close() { channel.close(promise: nil) }
    }

    private final class Reader: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let peer: Peer
        init(_ peer: Peer) { self.peer = peer }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            peer.received(Array(unwrapInboundIn(data).readableBytesView))
        }
        func channelInactive(context: ChannelHandlerContext) { peer.received(nil) }
    }

    /// A server's side of TLS, as little of it as a test needs.
    private final class Encryption: ChannelDuplexHandler {
        typealias InboundIn = ByteBuffer
        typealias InboundOut = ByteBuffer
        typealias OutboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let session: TLSSession
        init(_ session: TLSSession) { self.session = session }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            do {
                try unwrapInboundIn(data).withUnsafeReadableBytes { try session.receive($0) }
                let isOpen = try session.advance()
                flush(context, nil)
                guard isOpen else { return }
                var plain = ByteBuffer()
                while try plain.writeWithUnsafeMutableBytes(minimumWritableBytes: 16_384, { try session.read($0) }) > 0
                {}
                if plain.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(plain)) }
            } catch {
                flush(context, nil)
                context.close(promise: nil)
            }
        }

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            // The client did not like the certificate.
            guard session.isOpen else {
                promise?.fail(ChannelError.ioOnClosedChannel)
                return
            }
            do {
                try unwrapOutboundIn(data).withUnsafeReadableBytes { try session.write($0) }
                flush(context, promise)
            } catch {
                promise?.fail(error)
            }
        }

        private func flush(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
            var bytes = ByteBuffer()
            bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: max(1, session.pendingOutput)) {
                session.takeOutput($0)
            }
            context.writeAndFlush(wrapOutboundOut(bytes), promise: promise)
        }
    }

    private let channel: any Channel
    private let peers: Peers

    private final class Peers: Sendable {
        let all = Mutex<[Peer]>([])
    }

    var origin: HTTPOrigin { HTTPOrigin(host: "127.0.0.1", port: channel.localAddress?.port ?? 0) }
    /// How many connections there have been.
    var connections: Int { peers.all.withLock { $0.count } }

    /// Runs `serve` for each connection while `body` runs; over TLS when there is a context.
    static func run(
        tls: TLSContext? = nil, _ serve: @escaping @Sendable (Peer) async throws -> Void,
        _ body: (PlainServer) async throws -> Void
    ) async throws {
        let peers = Peers()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                let peer = Peer(channel)
                peers.all.withLock { $0.append(peer) }
                Task { try await serve(peer) }
                return channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(Encryption(try TLSSession(tls)))
                    }
                    try channel.pipeline.syncOperations.addHandler(Reader(peer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(PlainServer(channel, peers)))
        } catch {
            result = .failure(error)
        }
        for peer in peers.all.withLock({ $0 }) { peer.close() }
        try await channel.close()
        try result.get()
    }

    private init(_ channel: any Channel, _ peers: Peers) {
        self.channel = channel
        self.peers = peers
    }
}
