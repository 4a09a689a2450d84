import AggregatorService
import DNAProtocol
import HTTPTransport
import HTTPTypes
import NIOCore
import ServiceKit
import TLS
import TestKit
import Testing

/// Who may call what of an aggregator, by certificates over real sockets.
@Suite(.serialized, .timeLimit(.minutes(2))) struct AuthorisationTests {
    struct Call {
        let path: String
        let method: HTTPRequest.Method
        /// Nil stands for who has no certificate.
        let allowed: Set<PeerRole?>
    }

    static let members: Set<PeerRole?> = Set(PeerRole.allCases.map(Optional.some))
    static let anybody = members.union([nil])
    static let node = String(repeating: "0a", count: 32)
    static let round = "/v1/requests/\(node)/rounds/1"

    static let calls = [
        Call(path: "/v1/assignments/poll", method: .post, allowed: [.worker]),
        Call(path: round + "/commitments", method: .post, allowed: [.worker]),
        Call(path: round + "/votes", method: .post, allowed: [.worker]),
        Call(path: round + "/set", method: .get, allowed: [.worker]),
        Call(path: "/v1/nodes/join", method: .post, allowed: anybody),
        Call(path: "/v1/nodes/leave", method: .post, allowed: anybody),
        Call(path: "/v1/nodes/\(node)", method: .get, allowed: anybody),
        Call(path: "/v1/roster", method: .get, allowed: members),
        Call(path: "/v1/network", method: .get, allowed: members),
        Call(path: "/readyz", method: .get, allowed: members),
        Call(path: "/metrics", method: .get, allowed: members),
        Call(path: "/v1/rosters", method: .post, allowed: [.administrator]),
        Call(path: "/v1/rosters/proposals", method: .get, allowed: [.administrator]),
        Call(path: "/v1/applications", method: .get, allowed: [.administrator]),
        Call(path: "/v1/nodes", method: .get, allowed: [.administrator]),
        Call(path: "/v1/nodes/\(node)/certificate", method: .post, allowed: [.administrator]),
    ]

    @Test func eachRoleReachesWhatIsItsOwnAndNothingElse() async throws {
        try await Town.run { town in
            let network = try town.fixture.genesis.networkID().hex
            let authority = try CertificateAuthority.create(commonName: "a test's authority")
            func credentials(_ role: PeerRole) throws -> TLSCredentials {
                let issued = try authority.issue(
                    identity: PeerIdentity(network: network, role: role, name: Self.node), ipAddresses: ["127.0.0.1"])
                return try TLSCredentials(certificatePEM: issued.certificate, privateKeyPEM: issued.privateKey)
            }
            var options = town.options("guarded")
            options.tls = HTTPTLSOptions(
                TLSContextSource(
                    try .server(
                        credentials: credentials(.aggregator), authorities: [authority.certificate],
                        clients: .optional, rules: PeerRules(network: network), protocols: ["h2"])))
            let service = try AggregatorService(options, clock: town.clock, logger: Town.logger)
            let running = Task { try await service.run() }
            let origin = HTTPOrigin(host: "127.0.0.1", port: try await service.port(), isSecure: true)
            for role in PeerRole.allCases.map(Optional.some) + [nil] {
                var clientOptions = HTTPClientOptions()
                clientOptions.tls = HTTPTLSOptions(
                    TLSContextSource(
                        try .client(
                            credentials: role.map(credentials), authorities: [authority.certificate],
                            protocols: ["h2"])))
                let client = HTTPClient(options: clientOptions)
                for call in Self.calls {
                    let body = call.method == .post ? ByteBuffer(string: "{}") : nil
                    let response = try await client.send(call.method, call.path, to: origin, body: body)
                    let says = String(buffer: response.body)
                    let isRefused =
                        role == nil ? response.status == .unauthorized : says.contains("urn:dna:problem:wrong_role")
                    #expect(
                        isRefused == !call.allowed.contains(role),
                        "\(role?.rawValue ?? "nobody") \(call.path): \(response.status) \(says)")
                }
                await client.shutdown()
            }
            running.cancel()
            _ = await running.result
        }
    }

    @Test func aWorkerSpeaksForItsOwnNodeOnly() async throws {
        try await Town.run { town in
            let network = try town.fixture.genesis.networkID().hex
            let authority = try CertificateAuthority.create(commonName: "a test's authority")
            let (node, other) = (town.fixture.nodes.keys.sorted()[0], town.fixture.nodes.keys.sorted()[1])
            func credentials(_ role: PeerRole, _ name: String) throws -> TLSCredentials {
                let issued = try authority.issue(
                    identity: PeerIdentity(network: network, role: role, name: name), ipAddresses: ["127.0.0.1"])
                return try TLSCredentials(certificatePEM: issued.certificate, privateKeyPEM: issued.privateKey)
            }
            var options = town.options("guarded")
            options.tls = HTTPTLSOptions(
                TLSContextSource(
                    try .server(
                        credentials: credentials(.aggregator, "one"), authorities: [authority.certificate],
                        clients: .optional, rules: PeerRules(network: network), protocols: ["h2"])))
            let service = try AggregatorService(options, clock: town.clock, logger: Town.logger)
            let running = Task { try await service.run() }
            let origin = HTTPOrigin(host: "127.0.0.1", port: try await service.port(), isSecure: true)
            var clientOptions = HTTPClientOptions()
            clientOptions.tls = HTTPTLSOptions(
                TLSContextSource(
                    try .client(
                        credentials: credentials(.worker, node.hex), authorities: [authority.certificate],
                        protocols: ["h2"])))
            let client = HTTPClient(options: clientOptions)
            let json = JSONClient(client, origin: origin)
            try await eventually { try await town.store.newestRosterID() != nil }
            let own = try town.node(node, at: origin).poll(wait: 0)
            #expect(try await json.poll("/v1/assignments/poll", own, as: Assignment.self) == nil)
            let foreign = try town.node(other, at: origin).poll(wait: 0)
            let refusal = try await town.refusal {
                _ = try await json.poll("/v1/assignments/poll", foreign, as: Assignment.self)
            }
            #expect(refusal?.type == "urn:dna:problem:wrong_peer")
            await client.shutdown()
            running.cancel()
            _ = await running.result
        }
    }
}
