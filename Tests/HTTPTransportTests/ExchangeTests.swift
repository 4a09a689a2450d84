import HTTPTransport
import HTTPTypes
import NIOCore
import Testing

/// Requests and responses over real sockets.
struct ExchangeTests {
    private static let echo: @Sendable (HTTPServerRequest, HTTPResponseWriter) async throws -> Void = {
        request, response in
        response.begin(HTTPResponse(status: .ok))
        for try await piece in request.body { try await response.write(piece) }
        try await response.finish()
    }

    @Test func answersWithStatusFieldsAndBody() async throws {
        try await withServer { request, response in
            response.begin(HTTPResponse(status: .accepted, headerFields: [.server: "x"]))
            try await response.write(ByteBuffer(string: "\(request.head.method) \(request.head.path ?? "")"))
            try await response.finish([.eTag: "t"])
        } _: { _, client, origin in
            let response = try await client.send(.put, "/p?q", to: origin)
            #expect(response.status == .accepted)
            #expect(response.head.headerFields[.server] == "x")
            #expect(String(buffer: response.body) == "PUT /p?q")
            #expect(response.trailers?[.eTag] == "t")
        }
    }

    @Test func echoesSixteenMebibytesBothWays() async throws {
        let count = 16 << 20
        var options = HTTPServerOptions()
        options.requestBodyLimit = count
        try await withServer(options, handler: Self.echo) { _, client, origin in
            let body = ByteBuffer(bytes: (0..<count).lazy.map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
            let response = try await client.send(.post, "/", to: origin, body: body)
            #expect(response.body == body)
        }
    }

    @Test func echoesAStreamPieceByPiece() async throws {
        try await withServer(handler: Self.echo) { _, client, origin in
            try await client.withExchange(.post, "/", to: origin) { exchange in
                var pieces = exchange.body.makeAsyncIterator()
                for round in 0..<50 {
                    try await exchange.write(ByteBuffer(string: "round \(round)"))
                    let heard = try await pieces.next()
                    #expect(heard.map { String(buffer: $0) } == "round \(round)")
                }
                try await exchange.finish()
                let end = try await pieces.next()
                #expect(end == nil)
            }
        }
    }

    @Test func serves100StreamsAtOnceOnOneConnection() async throws {
        let gate = Gate(count: 100)
        try await withServer { request, response in
            await gate.arrive()
            try await response.send(.ok, request.head.path ?? "")
        } _: { _, client, origin in
            // Nobody is answered before all 100 are here.
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<100 {
                    group.addTask {
                        let response = try await client.send(.get, "/\(index)", to: origin)
                        return String(buffer: response.body) == "/\(index)"
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test func suspendsAWriterWhoseReaderIsSlow() async throws {
        let written = Counter()
        let count = 64
        try await withServer { _, response in
            response.begin(HTTPResponse(status: .ok))
            for _ in 0..<count {
                try await response.write(ByteBuffer(repeating: 1, count: 256 * 1024))
                await written.add(256 * 1024)
            }
            try await response.finish()
        } _: { _, client, origin in
            try await client.withExchange(.get, "/", to: origin) { exchange in
                try await exchange.finish()
                let head = try await exchange.response()
                #expect(head.status == .ok)
                // A stream window of 256 KiB and a mark of 64 KiB: the writer cannot be 4 MiB ahead of a reader
                // that has read nothing.
                let early = await written.total
                #expect(early <= 3 * 256 * 1024)
                var read = 0
                for try await piece in exchange.body {
                    read += piece.readableBytes
                    let ahead = await written.total - read
                    #expect(ahead <= 4 * 256 * 1024)
                }
                #expect(read == count * 256 * 1024)
            }
        }
    }

    @Test func answersBeforeReadingTheBody() async throws {
        try await withServer { _, response in
            try await response.send(.forbidden)
        } _: { _, client, origin in
            let response = try await client.send(
                .post, "/", to: origin, body: ByteBuffer(repeating: 0, count: 800_000))
            #expect(response.status == .forbidden)
        }
    }
}

/// Lets everybody through once so many have come.
actor Gate {
    private let count: Int
    private var waiters: [CheckedContinuation<Void, Never>] = []

    init(count: Int) {
        self.count = count
    }

    func arrive() async {
        await withCheckedContinuation { continuation in
            waiters.append(continuation)
            guard waiters.count == count else { return }
            for waiter in waiters { waiter.resume() }
        }
    }
}

actor Counter {
    private(set) var total = 0

    func add(_ count: Int) {
        total += count
    }
}
