import HTTPTransport
import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import TLS
import Testing

private let network = String(repeating: "ab", count: 32)

/// An authority, and both ends of a link under it.
private struct Link {
    let authority: CertificateAuthority

    init() throws {
        authority = try CertificateAuthority.create(commonName: "a test's authority")
    }

    func credentials(_ role: PeerRole, lifetime: Int64 = 3600) throws -> TLSCredentials {
        let issued = try authority.issue(
            identity: PeerIdentity(network: network, role: role, name: "1"), dnsNames: ["localhost"],
            ipAddresses: ["127.0.0.1"], lifetime: lifetime)
        return try TLSCredentials(certificatePEM: issued.certificate, privateKeyPEM: issued.privateKey)
    }

    func serverContext(_ credentials: TLSCredentials, _ clients: ClientCertificates = .required) throws -> TLSContext {
        try .server(
            credentials: credentials, authorities: [authority.certificate], clients: clients,
            rules: PeerRules(network: network), protocols: ["h2", "http/1.1"])
    }

    func server(_ clients: ClientCertificates = .required) throws -> HTTPServerOptions {
        var options = HTTPServerOptions()
        options.tls = HTTPTLSOptions(TLSContextSource(try serverContext(credentials(.signer), clients)))
        return options
    }

    func client(_ credentials: TLSCredentials?, roles: Set<PeerRole>? = nil) throws -> HTTPClientOptions {
        var options = HTTPClientOptions()
        options.tls = HTTPTLSOptions(
            TLSContextSource(
                try .client(
                    credentials: credentials, authorities: [authority.certificate],
                    rules: PeerRules(network: network, roles: roles), protocols: ["h2"])))
        return options
    }
}

private func secure(_ origin: HTTPOrigin, host: String = "localhost") -> HTTPOrigin {
    HTTPOrigin(host: host, port: origin.port, isSecure: true)
}

private func whoIsThere(_ request: HTTPServerRequest, _ response: HTTPResponseWriter) async throws {
    try await response.send(.ok, request.peer.identity?.description ?? "nobody")
}

@Suite struct TLSTests {
    private let link: Link

    init() throws {
        link = try Link()
    }

    @Test func aHandlerLearnsWhoAsks() async throws {
        let options = try link.client(link.credentials(.aggregator))
        try await withServer(link.server(), client: options, handler: whoIsThere) { _, client, origin in
            for host in ["localhost", "127.0.0.1"] {
                let response = try await client.send(.get, "/", to: secure(origin, host: host))
                #expect(String(buffer: response.body) == "aggregator 1")
            }
        }
    }

    @Test func whoeverShowsNoCertificateIsNobody() async throws {
        try await withServer(link.server(.optional), client: link.client(nil), handler: whoIsThere) {
            _, client, origin in
            let response = try await client.send(.get, "/", to: secure(origin))
            #expect(String(buffer: response.body) == "nobody")
        }
    }

    @Test func whoWasNobodyIsKnownOnNewConnectionsOnly() async throws {
        let options = try link.client(nil)
        let known = try link.client(link.credentials(.worker))
        try await withServer(link.server(.optional), client: options, handler: whoIsThere) { _, client, origin in
            func name() async throws -> String {
                String(buffer: try await client.send(.get, "/", to: secure(origin)).body)
            }
            #expect(try await name() == "nobody")
            let context = try #require(known.tls?.source.context)
            try #require(options.tls?.source).replace(with: context)
            #expect(try await name() == "nobody")
            await client.renewConnections()
            #expect(try await name() == "worker 1")
        }
    }

    @Test func aListenerWithoutTLSChecksNobody() async throws {
        try await withServer { request, response in
            try await response.send(request.peer == .unchecked ? .ok : .badRequest)
        } _: { _, client, origin in
            expect(.ok, try await client.send(.get, "/", to: origin))
        }
    }

    @Test func withoutACertificateNoRequestArrives() async throws {
        try await withServer(link.server(), client: link.client(nil), handler: whoIsThere) { _, client, origin in
            await #expect(throws: HTTPTransportError.self) { try await client.send(.get, "/", to: secure(origin)) }
        }
    }

    @Test func aServerInTheWrongRoleGetsNoRequest() async throws {
        let options = try link.client(link.credentials(.aggregator), roles: [.worker])
        try await withServer(link.server(), client: options, handler: whoIsThere) { _, client, origin in
            let error = await #expect(throws: HTTPTransportError.self) {
                try await client.send(.get, "/", to: secure(origin))
            }
            #expect(error?.description.contains("it is signer 1") == true, "\(error?.description ?? "none")")
        }
    }

    @Test func neitherSideFallsBackToCleartext() async throws {
        let options = try link.client(link.credentials(.aggregator))
        try await withServer(client: options, handler: whoIsThere) { _, client, origin in
            await #expect(throws: HTTPTransportError.self) { try await client.send(.get, "/", to: origin) }
        }
        try await withServer(link.server(), handler: whoIsThere) { server, client, origin in
            await #expect(throws: HTTPTransportError.self) { try await client.send(.get, "/", to: origin) }
            await #expect(throws: HTTPTransportError.self) { try await client.send(.get, "/", to: secure(origin)) }
            // OpenSSL knows HTTP when it sees it, and says nothing at all.
            let answer = try await exchangeRaw(Array("GET / HTTP/1.1\r\n\r\n".utf8), port: server.port)
            #expect(answer.readableBytes == 0)
        }
    }

    @Test func largeBodiesGoBothWays() async throws {
        let bytes = ByteBuffer(bytes: (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) })
        let options = try link.client(link.credentials(.aggregator))
        try await withServer(link.server(), client: options) { request, response in
            response.begin(HTTPResponse(status: .ok))
            for try await chunk in request.body { try await response.write(chunk) }
            try await response.finish()
        } _: { _, client, origin in
            let response = try await client.send(.post, "/", to: secure(origin), body: bytes)
            #expect(response.body == bytes)
        }
    }

    @Test func aHandshakeThatDoesNotMoveOnIsCut() async throws {
        var options = try link.server()
        options.tls?.handshakeTimeout = .milliseconds(50)
        try await withServer(options, handler: whoIsThere) { server, _, _ in
            // The first bytes of a ClientHello, and silence.
            _ = try await exchangeRaw([0x16, 0x03, 0x01, 0x02, 0x00, 0x01], port: server.port)
        }
    }

    @Test func newConnectionsUseTheRenewedCertificate() async throws {
        let (old, new) = (try link.credentials(.signer), try link.credentials(.monitor))
        let source = TLSContextSource(try link.serverContext(old))
        var options = HTTPServerOptions()
        options.tls = HTTPTLSOptions(source)
        let strict = try link.client(link.credentials(.aggregator), roles: [.monitor])
        let early = try link.client(link.credentials(.aggregator), roles: [.signer])
        try await withServer(options, client: early, handler: whoIsThere) { _, client, origin in
            expect(.ok, try await client.send(.get, "/", to: secure(origin)))
            source.replace(with: try link.serverContext(new))
            // The open connection goes on; a new one sees the new certificate.
            expect(.ok, try await client.send(.get, "/", to: secure(origin)))
            let late = HTTPClient(options: strict, logger: quiet)
            expect(.ok, try await late.send(.get, "/", to: secure(origin)))
            await late.shutdown()
        }
    }

    @Test func aConnectionEndsInPeaceWithItsPeersCertificate() async throws {
        let source = TLSContextSource(
            try .client(
                credentials: link.credentials(.aggregator, lifetime: 2), authorities: [link.authority.certificate],
                protocols: ["h2"]))
        var options = HTTPClientOptions()
        options.tls = HTTPTLSOptions(source)
        try await withServer(link.server(), client: options) { request, response in
            guard request.head.path == "/long" else { return try await response.send(.ok, "again") }
            // Answers after the connection was told to end: its drain lets open requests go on.
            try await request.channel.waitUntilDraining()
            try await response.send(.ok, "done")
        } _: { _, client, origin in
            let long = try await client.send(.get, "/long", to: secure(origin))
            #expect(String(buffer: long.body) == "done")
            source.replace(
                with: try .client(
                    credentials: link.credentials(.aggregator), authorities: [link.authority.certificate],
                    protocols: ["h2"]))
            expect(.ok, try await client.send(.get, "/", to: secure(origin)))
        }
    }
}

extension Channel {
    /// Waits for the event that asks a connection to drain.
    fileprivate func waitUntilDraining() async throws {
        let promise = eventLoop.makePromise(of: Void.self)
        let channel = self
        try await eventLoop.submit {
            try channel.pipeline.syncOperations.addHandler(DrainWatch(promise), position: .first)
        }.get()
        try await promise.futureResult.get()
    }
}

private final class DrainWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let promise: EventLoopPromise<Void>

    init(_ promise: EventLoopPromise<Void>) {
        self.promise = promise
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { promise.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        promise.fail(ChannelError.ioOnClosedChannel)
    }
}
