import HTTPTransport
import HTTPTypes
import NIOCore
import Testing

@Suite struct HTTP1ClientTests {
    private func withClient(
        _ options: HTTP1ClientOptions = HTTP1ClientOptions(),
        _ serve: @escaping @Sendable (PlainServer.Peer) async throws -> Void,
        _ body: (HTTP1Client, PlainServer) async throws -> Void
    ) async throws {
        try await PlainServer.run(serve) { server in
            let client = HTTP1Client(options: options)
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(client, server))
            } catch {
                result = .failure(error)
            }
            await client.shutdown()
            try result.get()
        }
    }

    private func expectHello(_ client: HTTP1Client, _ server: PlainServer) async throws {
        let response = try await client.send(.get, "/", to: server.origin)
        expect(.ok, response)
        #expect(String(buffer: response.body) == "hello")
    }

    private static let hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Kind: greeting\r\n\r\nhello"

    @Test func sendsAHeadAndReadsAnAnswer() async throws {
        try await withClient { peer in
            await peer.head()
            peer.send(Self.hello)
        } _: { client, server in
            let response = try await client.send(.get, "/a?b=c", to: server.origin, fields: [.accept: "text/plain"])
            #expect(response.status == .ok)
            #expect(String(buffer: response.body) == "hello")
            #expect(response.head.headerFields[.init("X-Kind")!] == "greeting")
        }
    }

    @Test func theHeadNamesHostAndLength() async throws {
        let seen = Seen()
        try await withClient { peer in
            await peer.head()
            await peer.wait { String(decoding: $0, as: UTF8.self).hasSuffix("\r\n\r\nabc") }
            await seen.set(peer.text)
            peer.send(Self.hello)
        } _: { client, server in
            _ = try await client.send(.post, "/x", to: server.origin, body: ByteBuffer(string: "abc"))
            let text = await seen.text
            #expect(text.hasPrefix("POST /x HTTP/1.1\r\nHost: 127.0.0.1:\(server.origin.port)\r\n"))
            #expect(text.contains("Content-Length: 3\r\n"))
        }
    }

    @Test func oneConnectionServesManyRequests() async throws {
        try await withClient { peer in
            var seen = 0
            for _ in 0..<3 {
                await peer.wait(for: seen + 1)
                seen = peer.received
                peer.send(Self.hello)
            }
        } _: { client, server in
            for _ in 0..<3 {
                try await expectHello(client, server)
            }
            #expect(server.connections == 1)
        }
    }

    @Test func aConnectionThatWasClosedMeanwhileIsReplaced() async throws {
        try await withClient { peer in
            await peer.head()
            // Before the answer, which the next request may follow at once.
            let seen = peer.received
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            // The second request meets a closed door.
            await peer.wait(for: seen + 1)
            peer.close()
        } _: { client, server in
            for _ in 0..<3 {
                try await expectHello(client, server)
            }
            #expect(server.connections > 1)
        }
    }

    @Test func aPostIsNotRepeated() async throws {
        try await withClient { peer in
            await peer.head()
            peer.close()
        } _: { client, server in
            await #expect(throws: HTTPTransportError.self) { try await client.send(.post, "/", to: server.origin) }
            #expect(server.connections == 1)
        }
    }

    @Test func aPostThatMayBeRepeatedIsSentOnANewConnection() async throws {
        try await withClient { peer in
            await peer.head()
            let seen = peer.received
            peer.send(Self.hello)
            await peer.wait(for: seen + 1)
            peer.close()
        } _: { client, server in
            for _ in 0..<2 {
                expect(.ok, try await client.send(.post, "/", to: server.origin, repeats: true))
            }
            #expect(server.connections == 2)
        }
    }

    @Test func anExchangeMayAskForANewConnection() async throws {
        try await withClient { peer in
            await peer.head()
            peer.send(Self.hello)
        } _: { client, server in
            for _ in 0..<2 {
                try await client.withExchange(.get, "/", to: server.origin, onNewConnection: true) { exchange in
                    try await exchange.finish()
                    _ = try await exchange.collect(upTo: 10)
                }
            }
            #expect(server.connections == 2)
        }
    }

    @Test func aServerThatSaysCloseGetsANewConnection() async throws {
        try await withClient { peer in
            await peer.head()
            peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhel")
            peer.send("lo")
            peer.close()
        } _: { client, server in
            try await expectHello(client, server)
            try await expectHello(client, server)
            #expect(server.connections == 2)
        }
    }

    @Test func chunksAndTrailersAreRead() async throws {
        try await withClient { peer in
            await peer.head()
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Stream-Error\r\n\r\n3\r\nhel\r\n")
            peer.send("2;x=y\r\nlo\r\n0\r\nX-Stream-Error: too late\r\n\r\n")
        } _: { client, server in
            let response = try await client.send(.get, "/", to: server.origin)
            #expect(String(buffer: response.body) == "hello")
            #expect(response.trailers?[.init("X-Stream-Error")!] == "too late")
        }
    }

    @Test func aBodyOfUnknownLengthGoesOutInChunks() async throws {
        let seen = Seen()
        try await withClient { peer in
            await peer.wait { String(decoding: $0, as: UTF8.self).hasSuffix("0\r\n\r\n") }
            await seen.set(peer.text)
            peer.send(Self.hello)
        } _: { client, server in
            let answer = try await client.withExchange(.post, "/", to: server.origin) { exchange in
                try await exchange.write(ByteBuffer(string: "first"))
                try await exchange.write(ByteBuffer(string: "second"))
                try await exchange.finish()
                let head = try await exchange.response()
                #expect(head.status == .ok)
                return try await exchange.collect(upTo: 100)
            }
            #expect(String(buffer: answer) == "hello")
            #expect(await seen.text.hasSuffix("5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n"))
        }
    }

    @Test func anAnswerBeforeTheEndOfTheRequestIsRead() async throws {
        try await withClient { peer in
            await peer.head()
            peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        } _: { client, server in
            let status = try await client.withExchange(.post, "/", to: server.origin) { exchange in
                try await exchange.write(ByteBuffer(string: "first"))
                let status = try await exchange.response().status
                let answer = try await exchange.collect(upTo: 10)
                #expect(String(buffer: answer) == "no")
                await #expect(throws: HTTPTransportError.self) { try await exchange.write(ByteBuffer(string: "more")) }
                return status
            }
            #expect(status == .contentTooLarge)
        }
    }

    @Test func aWriterWaitsForASlowReader() async throws {
        let piece = ByteBuffer(repeating: 1, count: 1 << 20)
        let count = Seen()
        try await withClient { peer in
            await peer.head()
            try await peer.channel.setOption(.autoRead, value: false).get()
            await count.wait()
            try await peer.channel.setOption(.autoRead, value: true).get()
            await peer.wait(for: 64 << 20)
            peer.send(Self.hello)
        } _: { client, server in
            try await client.withExchange(.post, "/", to: server.origin, length: 64 << 20) { exchange in
                let writing = Task {
                    for _ in 0..<64 {
                        try await exchange.write(piece)
                        await count.add()
                    }
                    try await exchange.finish()
                }
                // Sockets take some; then the writer is suspended until the reader goes on.
                while try await !exchange.isHeld(), await count.number < 64 { await Task.yield() }
                #expect(await count.number < 64)
                await count.release()
                try await writing.value
                let head = try await exchange.response()
                #expect(head.status == .ok)
            }
        }
    }

    @Test func whatIsNotReadIsNotTakenFromTheSocket() async throws {
        let sent = Seen()
        try await withClient { peer in
            await peer.head()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(64 << 20)\r\n\r\n")
            for _ in 0..<64 {
                try await peer.send(ByteBuffer(repeating: 1, count: 1 << 20))
                await sent.add()
            }
        } _: { client, server in
            try await client.withExchange(.get, "/", to: server.origin) { exchange in
                try await exchange.finish()
                let head = try await exchange.response()
                #expect(head.status == .ok)
                while try await !exchange.isHeld(), await sent.number < 64 { await Task.yield() }
                #expect(await sent.number < 64)
                var total = 0
                while let piece = try await exchange.read() { total += piece.readableBytes }
                #expect(total == 64 << 20)
            }
        }
    }

    @Test func aBodyCutOffIsAnError() async throws {
        try await withClient { peer in
            await peer.head()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")
            peer.close()
        } _: { client, server in
            await #expect(throws: HTTPTransportError.self) { try await client.send(.post, "/", to: server.origin) }
        }
    }

    @Test func aBodyBeyondTheLimitIsNotTaken() async throws {
        for head in ["Content-Length: 11", "Transfer-Encoding: chunked"] {
            try await withClient { peer in
                await peer.head()
                let body = head.hasPrefix("C") ? "hello hello" : "b\r\nhello hello\r\n0\r\n\r\n"
                peer.send("HTTP/1.1 200 OK\r\n\(head)\r\n\r\n\(body)")
            } _: { client, server in
                await #expect(throws: HTTPTransportError.bodyTooLarge(limit: 10)) {
                    try await client.send(.get, "/", to: server.origin, responseLimit: 10)
                }
            }
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 70_000) + "\r\n\r\n",
        "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 1_000) + "\r\n", "<html>not found</html>\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ])
    func malformedHeadsAreRefused(head: String) async throws {
        try await withClient { peer in
            await peer.head()
            peer.send(head)
        } _: { client, server in
            await #expect(throws: HTTPTransportError.self) { try await client.send(.post, "/", to: server.origin) }
        }
    }

    @Test func silenceEndsWithTheDeadline() async throws {
        try await withClient { peer in
            await peer.head()
        } _: { client, server in
            await #expect(throws: HTTPTransportError.deadlineExceeded) {
                try await client.send(.get, "/", to: server.origin, deadline: .milliseconds(50))
            }
        }
    }

    @Test func aStreamInWhichNothingMovesEnds() async throws {
        var options = HTTP1ClientOptions()
        options.stallTimeout = .milliseconds(500)
        try await withClient(options) { peer in
            await peer.head()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")
        } _: { client, server in
            try await client.withExchange(.get, "/", to: server.origin) { exchange in
                try await exchange.finish()
                let head = try await exchange.response()
                #expect(head.status == .ok)
                await #expect(throws: HTTPTransportError.connectionClosed(reason: "nothing moved for 0 s")) {
                    _ = try await exchange.collect(upTo: 100)
                }
            }
        }
    }

    @Test func cancellingEndsTheExchange() async throws {
        let asked = Seen()
        try await withClient { peer in
            await peer.head()
            await asked.release()
        } _: { client, server in
            let task = Task { try await client.send(.get, "/", to: server.origin) }
            await asked.wait()
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test func nobodyThereIsSaid() async throws {
        let client = HTTP1Client()
        await #expect(throws: HTTPTransportError.self) {
            try await client.send(.get, "/", to: HTTPOrigin(host: "127.0.0.1", port: 1))
        }
        await client.shutdown()
        await #expect(throws: HTTPTransportError.shutDown) {
            try await client.send(.get, "/", to: HTTPOrigin(host: "127.0.0.1", port: 1))
        }
    }
}

/// What the two ends of a test tell each other.
private actor Seen {
    private(set) var text = ""
    private(set) var number = 0
    private var isReleased = false
    private var waiters: [CheckedContinuation<Void, Never>] = []

    func set(_ text: String) { self.text = text }
    func add() { number += 1 }

    func release() {
        isReleased = true
        for waiter in waiters { waiter.resume() }
        waiters = []
    }

    func wait() async {
        if isReleased { return }
        await withCheckedContinuation { waiters.append($0) }
    }
}
