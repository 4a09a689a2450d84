import HTTPTransport
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
import ServiceKit
import Testing

/// The limits of HTTP/1.1 connections, over real sockets.
@Suite(.timeLimit(.minutes(1)))
struct HTTP1LimitTests {
    /// What a handler did that nobody hears of.
    private actor Ending {
        private var hasEnded = false
        private var waiter: CheckedContinuation<Void, Never>?

        func set() {
            hasEnded = true
            waiter?.resume()
            waiter = nil
        }

        func wait() async {
            if hasEnded { return }
            await withCheckedContinuation { waiter = $0 }
        }
    }

    private func router(ended: Ending = Ending()) -> ServiceRouter {
        let router = ServiceRouter.service()
        router.get("small") { _, _ in "small" }
        router.get("never") { _, _ in
            try await Task.sleep(for: .seconds(3600))
            return "late"
        }
        router.post("whole") { request, _ in "\(try await request.body.collect(upTo: .max).readableBytes)" }
        router.get("endless") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    do {
                        while true { try await writer.write(ByteBuffer(repeating: 0x61, count: 32 << 10)) }
                    } catch {
                        await ended.set()
                        throw error
                    }
                })
        }
        router.get("half") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    do {
                        try await writer.write(ByteBuffer(string: "half"))
                        try await Task.sleep(for: .seconds(3600))
                    } catch {
                        await ended.set()
                        throw error
                    }
                })
        }
        return router
    }

    /// Says `text` on a connection of its own, and returns what was heard until the service closed it.
    private func say(
        _ text: String, listens: Bool = true, ended: Ending = Ending(),
        _ limits: (inout HTTPServerOptions) -> Void = { _ in },
        meanwhile: @Sendable @escaping () async -> Void = {}
    ) async throws -> String {
        var options = HTTPServiceOptions(servesHTTP1: true)
        limits(&options.server)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let heard = NIOLoopBoundBox.makeBoxSendingValue(ByteBuffer(), eventLoop: loop)
        try await withService(options: options, router(ended: ended)) { _, _, origin in
            let channel = try await ClientBootstrap(group: loop)
                .channelOption(.autoRead, value: listens)
                .channelOption(.socketOption(.so_rcvbuf), value: 16 << 10)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Ear(heard)) }
                }
                .connect(host: origin.host, port: origin.port).get()
            channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
            await meanwhile()
            if !listens { channel.close(promise: nil) }
            try await channel.closeFuture.get()
        }
        return try await loop.submit { String(buffer: heard.value) }.get()
    }

    private func status(_ heard: String) -> String { String(heard.prefix(12).suffix(3)) }

    @Test func aHeadTooLargeIsAnswered431() async throws {
        let large = String(repeating: "a", count: 17 << 10)
        #expect(try await status(say("GET /small HTTP/1.1\r\nhost: x\r\nx-large: \(large)\r\n\r\n")) == "431")
        let many = (0..<101).map { "x-\($0): y\r\n" }.joined()
        #expect(try await status(say("GET /small HTTP/1.1\r\nhost: x\r\n\(many)\r\n")) == "431")
    }

    @Test(arguments: [
        "content-length: 1001\r\n\r\n" + String(repeating: "a", count: 1001),
        "transfer-encoding: chunked\r\n\r\n3e9\r\n" + String(repeating: "a", count: 1001) + "\r\n0\r\n\r\n",
    ])
    func aBodyTooLargeIsAnswered413(body: String) async throws {
        let heard = try await say("POST /whole HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\(body)") {
            $0.requestBodyLimit = 1000
        }
        #expect(status(heard) == "413")
    }

    @Test func aBodyThatFitsIsTaken() async throws {
        let body = String(repeating: "a", count: 1000)
        let heard = try await say(
            "POST /whole HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 1000\r\n\r\n\(body)"
        ) { $0.requestBodyLimit = 1000 }
        #expect(status(heard) == "200" && heard.hasSuffix("1000"))
    }

    @Test func aBodyThatTricklesIsAnswered408() async throws {
        let heard = try await say("POST /whole HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\na") {
            $0.bodyGrace = .milliseconds(50)
        }
        #expect(status(heard) == "408")
    }

    @Test func bodiesTogetherHaveTheirMemory() async throws {
        let body = String(repeating: "a", count: 600 << 10)
        let heard = try await say(
            "POST /whole HTTP/1.1\r\nhost: x\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
        ) { $0.bodyMemory = 1 << 20 }
        #expect(status(heard) == "503")
    }

    @Test func aHeadThatNeverEndsIsClosed() async throws {
        let heard = try await say("GET /small HTTP/1.1\r\nhost") { $0.firstRequestTimeout = .milliseconds(50) }
        #expect(heard == "")
    }

    @Test func anIdleConnectionIsClosed() async throws {
        let heard = try await say("GET /small HTTP/1.1\r\nhost: x\r\n\r\n") {
            $0.connection.idleTimeout = .milliseconds(50)
            $0.firstRequestTimeout = .milliseconds(50)
        }
        #expect(status(heard) == "200" && heard.hasSuffix("small"))
    }

    @Test func whoeverIsAnsweredTooLateHearsSo() async throws {
        // One after the other on one connection, each of which could close it before its answer is written.
        let requests = String(repeating: "GET /never HTTP/1.1\r\nhost: x\r\n\r\n", count: 99)
        let heard = try await say(requests + "GET /never HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n") {
            $0.requestDeadline = .milliseconds(1)
        }
        #expect(heard.split(separator: "HTTP/1.1 504 ").count == 100)
    }

    @Test func theDeadlineIsForTheWholeResponse() async throws {
        let ended = Ending()
        let heard = try await say(
            "GET /half HTTP/1.1\r\nhost: x\r\n\r\n", ended: ended, { $0.requestDeadline = .milliseconds(50) },
            meanwhile: { await ended.wait() })
        #expect(status(heard) == "200")
        // The last chunk, which says that the response is complete, never came.
        #expect(heard.contains("half") && !heard.contains("0\r\n\r\n"))
    }

    @Test func aReaderThatTakesNothingIsCut() async throws {
        let ended = Ending()
        _ = try await say(
            "GET /endless HTTP/1.1\r\nhost: x\r\n\r\n", listens: false, ended: ended,
            {
                $0.connection.stallTimeout = .milliseconds(50)
                $0.requestDeadline = .seconds(3600)
            }, meanwhile: { await ended.wait() })
    }

    @Test func anAddressWithFewRequestsFindsAPlaceWhenOthersHaveTakenAll() async throws {
        var options = HTTPServiceOptions(servesHTTP1: true)
        options.server.openRequests = 6
        try await withService(options: options, router()) { _, _, origin in
            var others: [any Channel] = []
            for address in ["127.0.0.2", "127.0.0.3"] {
                for _ in 0..<3 {
                    others.append(try await firstWord(of: "half", from: address, port: origin.port).channel)
                }
            }
            let (channel, answer) = try await firstWord(of: "small", from: "127.0.0.1", port: origin.port)
            try #require(status(answer) == "200")
            // One of the others paid for it.
            let paid = channel.eventLoop.makePromise(of: Void.self)
            for channel in others { channel.closeFuture.whenComplete { _ in paid.succeed() } }
            try await paid.futureResult.get()
            for channel in others + [channel] { try? await channel.close() }
        }
    }

    /// Asks on a connection from an address of this machine; what comes first, and the connection, which stays open.
    private func firstWord(
        of path: String, from address: String, port: Int
    ) async throws -> (channel: any Channel, heard: String) {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let heard = loop.makePromise(of: String.self)
        let channel = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(FirstEar(heard))
                }
            }
            .bind(to: SocketAddress(ipAddress: address, port: 0))
            .connect(host: "127.0.0.1", port: port).get()
        try await channel.writeAndFlush(ByteBuffer(string: "GET /\(path) HTTP/1.1\r\nhost: x\r\n\r\n"))
        return (channel, try await heard.futureResult.get())
    }
}

/// Hears what comes first on a connection.
private final class FirstEar: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let heard: EventLoopPromise<String>

    init(_ heard: EventLoopPromise<String>) {
        self.heard = heard
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        heard.succeed(String(buffer: unwrapInboundIn(data)))
    }

    func channelInactive(context: ChannelHandlerContext) {
        heard.fail(ChannelError.eof)
        context.fireChannelInactive()
    }
}

/// What came on a connection, kept by its event loop.
private final class Ear: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let heard: NIOLoopBoundBox<ByteBuffer>

    init(_ heard: NIOLoopBoundBox<ByteBuffer>) {
        self.heard = heard
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        heard.value.writeImmutableBuffer(unwrapInboundIn(data))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
