import HTTPTransport
import HTTPTypes
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// What happens when time, peers or limits run out.
struct FailureTests {
    @Test func answers504WhenTheServersDeadlinePasses() async throws {
        var options = HTTPServerOptions()
        options.requestDeadline = .milliseconds(50)
        let cancelled = Signal()
        try await withServer(options) { _, _ in
            do {
                try await Task.sleep(for: .seconds(3600))
            } catch {
                await cancelled.set()
                throw error
            }
        } _: { _, client, origin in
            try await expect(.gatewayTimeout, client.send(.get, "/", to: origin))
            await cancelled.wait()
        }
    }

    @Test func aHandlerMayMoveItsDeadline() async throws {
        var options = HTTPServerOptions()
        options.requestDeadline = .seconds(3600)
        try await withServer(options) { _, response in
            response.setDeadline(.milliseconds(20))
            try await Task.sleep(for: .seconds(3600))
        } _: { _, client, origin in
            try await expect(.gatewayTimeout, client.send(.get, "/", to: origin))
        }
    }

    @Test func theClientsDeadlineCancelsTheHandler() async throws {
        let started = Signal()
        let cancelled = Signal()
        try await withServer { _, _ in
            await started.set()
            do {
                try await Task.sleep(for: .seconds(3600))
            } catch {
                await cancelled.set()
                throw error
            }
        } _: { _, client, origin in
            // On a busy machine a deadline may pass before its request has left: then no handler ran, so ask again.
            repeat {
                await #expect(throws: HTTPTransportError.deadlineExceeded) {
                    try await client.send(.get, "/", to: origin, deadline: .milliseconds(50))
                }
            } while await !started.isSet
            await cancelled.wait()
        }
    }

    @Test func cancellingTheCallCancelsTheHandler() async throws {
        let started = Signal()
        let cancelled = Signal()
        try await withServer { _, _ in
            await started.set()
            do {
                try await Task.sleep(for: .seconds(3600))
            } catch {
                await cancelled.set()
                throw error
            }
        } _: { _, client, origin in
            let call = Task { try await client.send(.get, "/", to: origin) }
            await started.wait()
            call.cancel()
            await #expect(throws: CancellationError.self) { try await call.value }
            await cancelled.wait()
        }
    }

    @Test func refusesABodyBeyondTheLimit() async throws {
        var options = HTTPServerOptions()
        options.requestBodyLimit = 1000
        try await withServer(options) { request, response in
            _ = try await request.body.collect(upTo: .max)
            try await response.send(.ok)
        } _: { _, client, origin in
            let tooLarge = ByteBuffer(repeating: 0, count: 1001)
            try await expect(.contentTooLarge, client.send(.post, "/", to: origin, body: tooLarge))
            let fits = ByteBuffer(repeating: 0, count: 1000)
            try await expect(.ok, client.send(.post, "/", to: origin, body: fits))
        }
    }

    @Test func refusesAResponseBeyondTheLimit() async throws {
        try await withServer { _, response in
            try await response.send(.ok, String(repeating: "a", count: 2000))
        } _: { _, client, origin in
            await #expect(throws: HTTPTransportError.bodyTooLarge(limit: 1999)) {
                try await client.send(.get, "/", to: origin, responseLimit: 1999)
            }
            try await expect(.ok, client.send(.get, "/", to: origin, responseLimit: 2000))
        }
    }

    @Test func answers431ForALargeHead() async throws {
        try await withServer { _, response in
            try await response.send(.ok)
        } _: { _, client, origin in
            let fields: HTTPFields = [.cookie: String(repeating: "a", count: 20_000)]
            let response = try await client.send(.get, "/", to: origin, fields: fields)
            #expect(response.status == .requestHeaderFieldsTooLarge)
        }
    }

    @Test func anErrorInAHandlerIsABare500() async throws {
        struct Secret: Error {}
        try await withServer { _, _ in
            throw Secret()
        } _: { _, client, origin in
            let response = try await client.send(.get, "/", to: origin)
            #expect(response.status == .internalServerError)
            #expect(response.body.readableBytes == 0)
        }
    }

    @Test(.timeLimit(.minutes(1))) func refusedRequestsAreSentOnceMoreAndShutdownReachesBothConnections() async throws {
        var options = HTTPServerOptions()
        options.connection.runningHandlers = 1
        let started = Signal()
        let release = Signal()
        let channels = Mutex<[any Channel]>([])
        try await withServer(options) { request, response in
            channels.withLock { $0.append(request.channel) }
            if request.head.path == "/first" {
                await started.set()
                await release.wait()
            }
            try await response.send(.ok)
        } _: { _, client, origin in
            async let first = client.send(.get, "/first", to: origin)
            await started.wait()
            // The first connection's only handler is busy until this is answered: only a refusal there, and the
            // same request on a second connection, can answer it.
            try await expect(.ok, client.send(.get, "/second", to: origin))
            await release.set()
            try await expect(.ok, first)
            await client.shutdown()
            let served = channels.withLock { $0 }
            #expect(served.count == 2 && served[0] !== served[1])
            for channel in served { try await channel.waitUntilClosed() }
        }
    }

    @Test func reconnectsAfterTheServerRestarted() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let handler = ClosureHandler { _, response in try await response.send(.ok) }
        let first = try await HTTPServer.start(HTTPServerOptions(), group: group, logger: quiet, handler: handler)
        let client = HTTPClient(logger: quiet)
        let origin = HTTPOrigin(host: "127.0.0.1", port: first.port)
        try await expect(.ok, client.send(.get, "/", to: origin))
        await first.shutdown()

        await #expect(throws: HTTPTransportError.self) { try await client.send(.get, "/", to: origin) }

        var options = HTTPServerOptions()
        options.port = first.port
        let second = try await HTTPServer.start(options, group: group, logger: quiet, handler: handler)
        try await expect(.ok, client.send(.get, "/", to: origin))
        await client.shutdown()
        await second.shutdown()
        await #expect(throws: HTTPTransportError.shutDown) { try await client.send(.get, "/", to: origin) }
    }

    @Test func shutdownLetsOpenRequestsEnd() async throws {
        let started = Signal()
        let release = Signal()
        try await withServer { _, response in
            await started.set()
            await release.wait()
            try await response.send(.ok, "late")
        } _: { server, client, origin in
            async let answer = client.send(.get, "/", to: origin)
            await started.wait()
            async let stopped: Void = server.shutdown()
            await release.set()
            let body = try await answer.body
            #expect(String(buffer: body) == "late")
            await stopped
        }
    }

    @Test func shutdownEndsWhatDoesNotEndByItself() async throws {
        var options = HTTPServerOptions()
        options.connection.drainTimeout = .milliseconds(50)
        let started = Signal()
        try await withServer(options) { _, _ in
            await started.set()
            try await Task.sleep(for: .seconds(3600))
        } _: { server, client, origin in
            let call = Task { try await client.send(.get, "/", to: origin) }
            await started.wait()
            await server.shutdown()
            await #expect(throws: HTTPTransportError.self) { try await call.value }
        }
    }

    @Test func garbageIsClosedAndOthersAreServed() async throws {
        try await withServer { _, response in
            try await response.send(.ok)
        } _: { server, client, origin in
            _ = try await exchangeRaw((0..<2000).map { UInt8(truncatingIfNeeded: $0 * 37) }, port: server.port)
            _ = try await exchangeRaw(
                Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [UInt8](repeating: 0xff, count: 100), port: server.port
            )
            try await expect(.ok, client.send(.get, "/", to: origin))
        }
    }

    @Test func aSilentConnectionIsClosed() async throws {
        var options = HTTPServerOptions()
        options.prefaceTimeout = .milliseconds(30)
        try await withServer(options) { _, response in
            try await response.send(.ok)
        } _: { server, _, _ in
            let heard = try await exchangeRaw(Array("PRI * HT".utf8), port: server.port)
            #expect(heard.readableBytes == 0)
        }
    }

    @Test func aPeerThatIsNotThereIsNamed() async throws {
        let client = HTTPClient(logger: quiet)
        let origin = HTTPOrigin(host: "127.0.0.1", port: 1)
        do {
            _ = try await client.send(.get, "/", to: origin)
            Issue.record("connected to nobody")
        } catch HTTPTransportError.connectFailed(let name, _) {
            #expect(name == "http://127.0.0.1:1")
        }
    }

    @Test(arguments: [
        ("http://a:81", "a", 81), ("http://a/", "a", 80), ("http://[::1]:8080", "::1", 8080),
        ("http://[::1]", "::1", 80),
    ])
    func readsOrigins(text: String, host: String, port: Int) {
        #expect(HTTPOrigin(text) == HTTPOrigin(host: host, port: port))
    }

    @Test(arguments: [
        "ftp://a", "https://a/b", "a:80", "http://", "http://a/b", "http://a:x", "http://a:70000", "http://u@a",
    ])
    func refusesOtherOrigins(text: String) {
        #expect(HTTPOrigin(text) == nil)
    }
}
