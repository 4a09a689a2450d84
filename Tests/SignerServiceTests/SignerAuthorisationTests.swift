import Canonical
import DNAProtocol
import HTTPTransport
import HTTPTypes
import Logging
import NIOCore
import ServiceKit
import SignerService
import TLS
import TestKit
import Testing

/// Who may call what of a signer, by certificates over real sockets.
@Suite(.timeLimit(.minutes(2))) struct SignerAuthorisationTests {
    struct Call: Sendable, CustomTestStringConvertible {
        let path: String
        let method: HTTPRequest.Method
        let allowed: Set<PeerRole>
        var testDescription: String { path }
    }

    static let calls = [
        Call(path: "/v1/key-generation/messages", method: .get, allowed: [.signer]),
        Call(path: "/v1/network-file", method: .get, allowed: [.signer, .aggregator, .administrator]),
        Call(path: "/v1/rosters", method: .post, allowed: [.aggregator, .administrator]),
        Call(path: "/v1/signing/nonces", method: .post, allowed: [.aggregator]),
        Call(path: "/v1/signing/shares", method: .post, allowed: [.aggregator]),
        Call(path: "/readyz", method: .get, allowed: Set(PeerRole.allCases)),
        Call(path: "/metrics", method: .get, allowed: Set(PeerRole.allCases)),
    ]

    @Test func eachRoleReachesWhatIsItsOwnAndNothingElse() async throws {
        try await SignerTown.with { town in
            let network = "\(try town.fixture.genesis.networkID())"
            let authority = try CertificateAuthority.create(commonName: "a test's authority")
            func credentials(_ role: PeerRole) throws -> TLSCredentials {
                let issued = try authority.issue(
                    identity: PeerIdentity(network: network, role: role, name: "1"), ipAddresses: ["127.0.0.1"])
                return try TLSCredentials(certificatePEM: issued.certificate, privateKeyPEM: issued.privateKey)
            }
            var options = town.options(1)
            options.http.server.tls = HTTPTLSOptions(
                TLSContextSource(
                    try .server(
                        credentials: credentials(.signer), authorities: [authority.certificate], clients: .required,
                        rules: PeerRules(network: network), protocols: ["h2"])))
            let signer = try Signer(options: options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let running = Task { try await signer.run() }
            let origin = HTTPOrigin(host: "127.0.0.1", port: try await signer.port(), isSecure: true)
            for role in PeerRole.allCases {
                var clientOptions = HTTPClientOptions()
                clientOptions.tls = HTTPTLSOptions(
                    TLSContextSource(
                        try .client(
                            credentials: credentials(role), authorities: [authority.certificate], protocols: ["h2"])))
                let client = HTTPClient(options: clientOptions)
                for call in Self.calls {
                    let body = call.method == .post ? ByteBuffer(string: "{}") : nil
                    let response = try await client.send(call.method, call.path, to: origin, body: body)
                    let isRefused = response.status == .forbidden
                    #expect(isRefused == !call.allowed.contains(role), "\(role) \(call.path): \(response.status)")
                    #expect(!isRefused || String(buffer: response.body).contains("urn:dna:problem:wrong_role"))
                }
                await client.shutdown()
            }
            running.cancel()
            _ = await running.result
        }
    }
}
