import HTTPTransport
import NIOCore
import TLS
import Testing

/// HTTP/1.1 to servers of others: their name, and who vouches for it.
@Suite struct HTTP1TLSTests {
    private let authority: CertificateAuthority

    init() throws {
        authority = try CertificateAuthority.create(commonName: "a test's authority")
    }

    /// Asks a server whose certificate is for `localhost` and no address.
    private func ask(_ host: String, protocols: [String], trusted: Bool = true) async throws -> HTTPCollectedResponse {
        let identity = PeerIdentity(network: String(repeating: "ab", count: 32), role: .gateway, name: "1")
        let issued = try authority.issue(
            identity: identity, dnsNames: ["localhost"], ipAddresses: [], lifetime: 3600)
        let credentials = try TLSCredentials(certificatePEM: issued.certificate, privateKeyPEM: issued.privateKey)
        let context = try TLSContext.server(credentials: credentials, clients: .ignored, protocols: protocols)
        var options = HTTP1ClientOptions()
        if trusted {
            let client = try TLSContext.client(
                authorities: [authority.certificate], protocols: ["http/1.1"], requiresProtocol: false)
            options.tls = HTTPTLSOptions(TLSContextSource(client))
        }
        let client = HTTP1Client(options: options)
        var result: Result<HTTPCollectedResponse, any Error>?
        try await PlainServer.run(tls: context) { peer in
            await peer.head()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        } _: { server in
            let origin = HTTPOrigin(host: host, port: server.origin.port, isSecure: true)
            do {
                result = .success(try await client.send(.post, "/", to: origin))
            } catch {
                result = .failure(error)
            }
        }
        await client.shutdown()
        return try #require(result).get()
    }

    private func refusal(_ host: String, trusted: Bool = true) async throws -> String {
        do {
            _ = try await ask(host, protocols: ["http/1.1"], trusted: trusted)
            return ""
        } catch let error as HTTPTransportError {
            return error.description
        }
    }

    @Test(arguments: [["http/1.1"], ["h2", "http/1.1"], []])
    func aServerIsSpokenToWhetherItKnowsALPNOrNot(protocols: [String]) async throws {
        let answer = try await ask("localhost", protocols: protocols)
        expect(.ok, answer)
        #expect(String(buffer: answer.body) == "hello")
    }

    @Test func aServerWithAnotherNameIsRefused() async throws {
        #expect(try await refusal("127.0.0.1").contains("peer refused"))
    }

    @Test func aServerThatTheSystemsAuthoritiesDoNotKnowIsRefused() async throws {
        #expect(try await refusal("localhost", trusted: false).contains("peer refused"))
    }
}
