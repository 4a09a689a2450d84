import HTTPTransport
import ModelStorage
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP/1.1 server that answers as badly as a test wants.
final class TestServer: Sendable {
    struct Request: Sendable {
        let head: HTTPRequestHead
        let body: [UInt8]
        var path: String { String(head.uri.prefix { $0 != "?" }) }

        func query(_ name: String) -> String? {
            head.uri.split(separator: "?").dropFirst().first?.split(separator: "&")
                .first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
        }
    }

    enum Answer: Sendable {
        case whole(HTTPResponseStatus, [UInt8], trailers: [(String, String)] = [], fields: [(String, String)] = [])
        /// So many bytes are promised; those here come, and the connection ends.
        case cut([UInt8], promised: Int)
        /// Nothing more until the client gives up.
        case silence
        /// No end.
        case flood
        /// The connection ends without a word.
        case hangUp
    }

    typealias Handler = @Sendable (Request) -> Answer

    /// Told of each piece of a request's body as it comes; true ends the connection.
    typealias Watcher = @Sendable (HTTPRequestHead, [UInt8]) -> Bool

    private final class Responder: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let handler: Handler
        private let watcher: Watcher?
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(_ handler: @escaping Handler, _ watcher: Watcher?) {
            self.handler = handler
            self.watcher = watcher
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = []
            case .body(let piece):
                body += piece.readableBytesView
                if let head, let watcher, watcher(head, body) {
                    self.head = nil
                    context.close(promise: nil)
                }
            case .end:
                guard let head else { return }
                answer(handler(Request(head: head, body: body)), context)
            }
        }

        private func answer(_ answer: Answer, _ context: ChannelHandlerContext) {
            switch answer {
            case .whole(let status, let body, let trailers, let fields):
                var headers = HTTPHeaders(fields)
                if trailers.isEmpty {
                    headers.add(name: "Content-Length", value: String(body.count))
                } else {
                    headers.add(name: "Transfer-Encoding", value: "chunked")
                }
                write(HTTPResponseHead(version: .http1_1, status: status, headers: headers), body, context)
                let end = trailers.isEmpty ? nil : HTTPHeaders(trailers)
                context.writeAndFlush(wrapOutboundOut(.end(end)), promise: nil)
            case .cut(let bytes, let promised):
                let headers = HTTPHeaders([("Content-Length", String(promised))])
                write(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers), bytes, context)
                context.flush()
                context.close(promise: nil)
            case .silence: break
            case .flood:
                let headers = HTTPHeaders([("Transfer-Encoding", "chunked")])
                let piece = [UInt8](repeating: 7, count: 1 << 16)
                write(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers), piece, context)
                for _ in 0..<64 {
                    context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: piece)))), promise: nil)
                }
                context.flush()
            case .hangUp: context.close(promise: nil)
            }
        }

        private func write(_ head: HTTPResponseHead, _ body: [UInt8], _ context: ChannelHandlerContext) {
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private final class Connections: Sendable {
        let all = Mutex<[any Channel]>([])
    }

    private let channel: any Channel
    private let connections: Connections

    private init(_ channel: any Channel, _ connections: Connections) {
        self.channel = channel
        self.connections = connections
    }

    static func start(watching watcher: Watcher? = nil, _ handler: @escaping Handler) async throws -> TestServer {
        let connections = Connections()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                connections.all.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Responder(handler, watcher))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return TestServer(channel, connections)
    }

    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    func endpoint(_ configure: (inout StorageEndpoint) -> Void = { _ in }) -> StorageEndpoint {
        guard var endpoint = StorageEndpoint(url) else { preconditionFailure("\(url) is a URL") }
        configure(&endpoint)
        return endpoint
    }

    /// Ends the connections too: what is still on its way is not heard afterwards.
    func stop() async {
        try? await channel.close()
        for connection in connections.all.withLock({ $0 }) { try? await connection.close() }
    }
}
