import HTTPTransport
import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import Testing

/// A handler made of a closure.
struct ClosureHandler: HTTPRequestHandler {
    let body: @Sendable (HTTPServerRequest, HTTPResponseWriter) async throws -> Void

    func handle(_ request: HTTPServerRequest, _ response: HTTPResponseWriter) async throws {
        try await body(request, response)
    }
}

extension HTTPResponseWriter {
    func send(_ status: HTTPResponse.Status, _ text: String = "") async throws {
        begin(HTTPResponse(status: status))
        try await write(ByteBuffer(string: text))
        try await finish()
    }
}

/// Runs `body` against a server on a free port, and shuts server and client down afterwards.
func withServer(
    _ options: HTTPServerOptions = HTTPServerOptions(), client clientOptions: HTTPClientOptions = HTTPClientOptions(),
    handler: @escaping @Sendable (HTTPServerRequest, HTTPResponseWriter) async throws -> Void,
    _ body: (HTTPServer, HTTPClient, HTTPOrigin) async throws -> Void
) async throws {
    let server = try await HTTPServer.start(
        options, group: MultiThreadedEventLoopGroup.singleton, logger: quiet, handler: ClosureHandler(body: handler))
    let client = HTTPClient(options: clientOptions, logger: quiet)
    let origin = HTTPOrigin(host: "127.0.0.1", port: server.port)
    do {
        try await body(server, client, origin)
    } catch {
        await client.shutdown()
        await server.shutdown()
        throw error
    }
    await client.shutdown()
    await server.shutdown()
}

/// Checks a response's status.
func expect(
    _ status: HTTPResponse.Status, _ response: HTTPCollectedResponse, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(response.status == status, sourceLocation: sourceLocation)
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Something one task waits for and another makes happen.
actor Signal {
    private(set) var isSet = false
    private var waiters: [CheckedContinuation<Void, Never>] = []

    func set() {
        isSet = true
        for waiter in waiters { waiter.resume() }
        waiters = []
    }

    func wait() async {
        if isSet { return }
        await withCheckedContinuation { waiters.append($0) }
    }
}

extension Channel {
    /// Waits for the channel's end. One that nobody closes is an error here and not a test that hangs.
    func waitUntilClosed() async throws {
        let closed = eventLoop.makePromise(of: Void.self)
        closeFuture.cascade(to: closed)
        let timer = eventLoop.scheduleTask(in: .seconds(10)) { closed.fail(ChannelStaysOpen()) }
        defer { timer.cancel() }
        try await closed.futureResult.get()
    }
}

struct ChannelStaysOpen: Error {}

/// A socket that says what it is told and hears until the other side closes, however that ends.
func exchangeRaw(_ bytes: [UInt8], port: Int) async throws -> ByteBuffer {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let heard = NIOLoopBoundBox.makeBoxSendingValue(ByteBuffer(), eventLoop: loop)
    let channel = try await ClientBootstrap(group: loop)
        .channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Ear(heard)) }
        }
        .connect(host: "127.0.0.1", port: port).get()
    channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    try await channel.closeFuture.get()
    return try await loop.submit { heard.value }.get()
}

private final class Ear: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let heard: NIOLoopBoundBox<ByteBuffer>

    init(_ heard: NIOLoopBoundBox<ByteBuffer>) {
        self.heard = heard
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        heard.value.writeBuffer(&bytes)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
