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
    private var isSet = false
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

/// A socket that says what it is told and hears until the other side closes.
func exchangeRaw(_ bytes: [UInt8], port: Int) async throws -> ByteBuffer {
    let heard = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    return try await heard.executeThenClose { inbound, outbound in
        var all = ByteBuffer()
        do {
            try await outbound.write(ByteBuffer(bytes: bytes))
            for try await var piece in inbound { all.writeBuffer(&piece) }
        } catch is IOError {
            // The other side closed with our bytes unread.
        }
        return all
    }
}
