import HTTPTransport
import HTTPTypes
import NIOCore
import NIOPosix
import Testing

/// What an address gets when others have taken everything, and what is kept for peers that take nothing. Real sockets:
/// every address of 127.0.0.0/8 is this machine.
@Suite(.timeLimit(.minutes(1)))
struct FairnessTests {
    private static let get: [UInt8] = [0x82, 0x86, 0x84, 0x41, 0x01, 0x78]
    private static let post: [UInt8] = [0x83, 0x86, 0x84, 0x41, 0x01, 0x78]
    /// A client that grants its answers no window: SETTINGS_INITIAL_WINDOW_SIZE 0.
    private static let closed =
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(type: 4, [0, 4, 0, 0, 0, 0])
    /// One that grants them more than its socket takes, and acknowledges the server's settings.
    private static let open =
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(type: 4, [0, 4, 0x7f, 0xff, 0xff, 0xff])
        + frame(type: 8, [0x7f, 0, 0, 0]) + frame(type: 4, flags: 1)
    private static let goAway = frame(type: 7, [UInt8](repeating: 0, count: 8))

    private static func frame(type: UInt8, flags: UInt8 = 0, stream: UInt8 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), type, flags, 0, 0, 0, stream] + payload
    }

    private static func requests(_ count: UInt8) -> [UInt8] {
        (0..<count).flatMap { frame(type: 1, flags: 5, stream: 2 * $0 + 1, get) }
    }

    @Test func anAddressWithFewRequestsFindsAPlaceWhenOthersHaveTakenAll() async throws {
        var options = HTTPServerOptions()
        options.openRequests = 16
        let answered = Count()
        try await withServer(options) { _, response in
            await answered.increase()
            try await response.send(.ok, "answer")
        } _: { server, client, origin in
            let others = try await [
                connectRaw(from: "127.0.0.2", saying: Self.closed + Self.requests(8), port: server.port),
                connectRaw(from: "127.0.0.3", saying: Self.closed + Self.requests(8), port: server.port),
            ]
            await answered.reaches(16)
            try await expect(.ok, client.send(.get, "/", to: origin))
            // One of the two paid for it; the other keeps what it has.
            try await firstEnd(of: others)
            #expect(others.count(where: \.isActive) == 1)
            for channel in others { channel.close(promise: nil) }
        }
    }

    @Test func anAddressWithFewConnectionsIsAcceptedWhenOthersHaveTakenAll() async throws {
        var options = HTTPServerOptions()
        options.connections = 4
        let answered = Count()
        try await withServer(options) { _, response in
            await answered.increase()
            try await response.send(.ok)
        } _: { server, client, origin in
            var others: [any Channel] = []
            for _ in 0..<4 {
                let said = Self.open + Self.requests(1)
                others.append(try await connectRaw(from: "127.0.0.2", saying: said, port: server.port))
            }
            await answered.reaches(4)
            try await expect(.ok, client.send(.get, "/", to: origin))
            try await firstEnd(of: others)
            for channel in others { channel.close(promise: nil) }
        }
    }

    @Test func anAddressWithSmallBodiesFindsMemoryWhenOthersHaveTakenAll() async throws {
        var options = HTTPServerOptions()
        options.bodyMemory = 1 << 20
        let read = Count()
        let release = Signal()
        try await withServer(options) { request, response in
            _ = try await request.body.collect(upTo: .max)
            if request.head.path == "/" {
                await read.increase()
                await release.wait()
            }
            try await response.send(.ok)
        } _: { server, client, origin in
            // Twice 250 KiB are counted as half of the memory.
            let piece = [UInt8](repeating: 0, count: 10 << 10)
            let bodies = [UInt8(1), 3].flatMap { stream in
                Self.frame(type: 1, flags: 4, stream: stream, Self.post)
                    + (0..<25).flatMap { Self.frame(type: 0, flags: $0 == 24 ? 1 : 0, stream: stream, piece) }
            }
            let others = try await [
                connectRaw(from: "127.0.0.2", saying: Self.open + bodies, port: server.port),
                connectRaw(from: "127.0.0.3", saying: Self.open + bodies, port: server.port),
            ]
            await read.reaches(4)
            let small = ByteBuffer(repeating: 0, count: 40 << 10)
            try await expect(.ok, client.send(.post, "/small", to: origin, body: small))
            try await firstEnd(of: others)
            await release.set()
            for channel in others { channel.close(promise: nil) }
        }
    }

    @Test func requestsWithoutAPlaceAreResetWhenTheirAnswersAreNotTaken() async throws {
        var options = HTTPServerOptions()
        options.openRequests = 1
        options.overloadResponse.body = ByteBuffer(string: "too many")
        options.connection.stallTimeout = .milliseconds(50)
        try await withServer(options) { _, response in
            try await response.send(.ok, "answer")
        } _: { server, _, _ in
            let heard = try await exchangeRaw(Self.closed + Self.requests(8) + Self.goAway, port: server.port)
            // REFUSED_STREAM for those without a place; CANCEL, later, for the one that had it.
            #expect(resets(heard) == [7, 7, 7, 7, 7, 7, 7, 8])
        }
    }

    @Test func aPeerThatTakesNothingIsNotRead() async throws {
        var options = HTTPServerOptions()
        options.connection.stallTimeout = .seconds(1)
        try await withServer(options) { _, response in
            response.begin(HTTPResponse(status: .ok))
            while true { try await response.write(ByteBuffer(repeating: 0, count: 32 << 10)) }
        } _: { server, _, _ in
            let channel = try await connectRaw(
                from: "127.0.0.2", saying: Self.open + Self.requests(1), listens: false, port: server.port)
            // Frames of a type that nobody knows are read and ignored (RFC 9113, section 4.1).
            let ignored = ByteBuffer(
                bytes: (0..<64).flatMap { _ in Self.frame(type: 0xfa, [UInt8](repeating: 0, count: 16_000)) })
            await #expect(throws: (any Error).self) {
                for _ in 0..<512 { try await channel.writeAndFlush(ignored) }
            }
            channel.close(promise: nil)
        }
    }

    @Test func whatASocketDoesNotTakeCounts() async throws {
        var options = HTTPServerOptions()
        // Of the half that an address may hold, the response takes so much that the socket's part does not fit.
        options.bodyMemory = 256 << 10
        options.connection.stallTimeout = .seconds(2)
        let (endings, ending) = AsyncStream.makeStream(of: HTTPTransportError?.self)
        try await withServer(options) { _, response in
            response.begin(HTTPResponse(status: .ok))
            do {
                while true { try await response.write(ByteBuffer(repeating: 0, count: 32 << 10)) }
            } catch {
                ending.yield(error as? HTTPTransportError)
                throw error
            }
        } _: { server, _, _ in
            let channel = try await connectRaw(
                from: "127.0.0.2", saying: Self.open + Self.requests(1), listens: false, port: server.port)
            let error = await endings.first { _ in true }
            // Whichever came second found no room; without the socket's part both would fit until the stall's end.
            let isClosed = error == .connectionClosed(reason: "no memory for what the peer does not take")
            #expect(isClosed || error == .overloaded)
            channel.close(promise: nil)
        }
    }

    @Test func freedMemoryGoesBackWhenMuchLessIsHeldThanBefore() {
        var memory = MemoryReturn()
        func isDue(_ connections: Int, _ requests: Int = 0, _ megabytes: Int = 0) -> Bool {
            memory.isDue(connections: connections, requests: requests, bodyBytes: megabytes << 20)
        }
        // Little was held; then much is, and still half of it; then less; then nothing more has gone since.
        #expect(!isDue(1000) && !isDue(0))
        #expect(!isDue(10_000) && !isDue(6000))
        #expect(isDue(100) && !isDue(0))
        #expect(!isDue(0, 16_384) && isDue(0))
        #expect(!isDue(0, 0, 256) && isDue(0))
    }

    /// Codes of the RST_STREAM frames heard.
    private func resets(_ heard: ByteBuffer) -> [UInt8] {
        var bytes = Array(heard.readableBytesView)[...]
        var codes: [UInt8] = []
        while bytes.count >= 9 {
            let base = bytes.startIndex
            let count = Int(bytes[base]) << 16 | Int(bytes[base + 1]) << 8 | Int(bytes[base + 2])
            if bytes[base + 3] == 3, let code = bytes.dropFirst(9).prefix(count).last { codes.append(code) }
            bytes = bytes.dropFirst(9 + count)
        }
        return codes
    }

    /// Waits until one of the connections is closed; an error when all stay open.
    private func firstEnd(of channels: [any Channel]) async throws {
        let ended = channels[0].eventLoop.makePromise(of: Void.self)
        for channel in channels { channel.closeFuture.whenComplete { _ in ended.succeed() } }
        let timer = channels[0].eventLoop.scheduleTask(in: .seconds(10)) { ended.fail(ChannelStaysOpen()) }
        defer { timer.cancel() }
        try await ended.futureResult.get()
    }
}

/// Something that happens several times.
private actor Count {
    private var value = 0
    private var waiter: (value: Int, continuation: CheckedContinuation<Void, Never>)?

    func increase() {
        value += 1
        guard let waiter, value >= waiter.value else { return }
        self.waiter = nil
        waiter.continuation.resume()
    }

    func reaches(_ value: Int) async {
        if self.value >= value { return }
        await withCheckedContinuation { waiter = (value, $0) }
    }
}

/// A connection from an address of one's choice that has said something, and is open.
private func connectRaw(
    from address: String, saying bytes: [UInt8], listens: Bool = true, port: Int
) async throws -> any Channel {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .channelOption(.autoRead, value: listens)
        .channelOption(.socketOption(.so_rcvbuf), value: 16 << 10)
        .bind(to: SocketAddress(ipAddress: address, port: 0))
        .connect(host: "127.0.0.1", port: port).get()
    try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    return channel
}
