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
        Call(path: "/v1/models", method: .get, allowed: members),
        Call(path: "/v1/models", method: .post, allowed: [.administrator]),
        Call(path: "/v1/rosters", method: .post, allowed: [.administrator]),
        Call(path: "/v1/rosters/proposals", method: .get, allowed: [.administrator]),
        Call(path: "/v1/applications", method: .get, allowed: [.administrator]),
        Call(path: "/v1/nodes", method: .get, allowed: [.administrator]),
        Call(path: "/v1/nodes/\(node)/certificate", method: .post, allowed: [.administrator]),
    ]

    @Test func eachRoleReachesWhatIsItsOwnAndNothingElse() async throws {
        try await Guarded.run { guarded in
            for role in PeerRole.allCases.map(Optional.some) + [nil] {
                let client = try guarded.client(role.map { ($0, Self.node) })
                for call in Self.calls {
                    let body = call.method == .post ? ByteBuffer(string: "{}") : nil
                    let response = try await client.send(call.method, call.path, to: guarded.origin, body: body)
                    let says = String(buffer: response.body)
                    let isRefused =
                        role == nil ? response.status == .unauthorized : says.contains("urn:dna:problem:wrong_role")
                    #expect(
                        isRefused == !call.allowed.contains(role),
                        "\(role?.rawValue ?? "nobody") \(call.path): \(response.status) \(says)")
                }
                await client.shutdown()
            }
        }
    }

    @Test func aWorkerSpeaksForItsOwnNodeOnly() async throws {
        try await Guarded.run { guarded in
            let town = guarded.town
            let (node, other) = (town.fixture.nodes.keys.sorted()[0], town.fixture.nodes.keys.sorted()[1])
            let client = try guarded.client((.worker, node.hex))
            let json = JSONClient(client, origin: guarded.origin)
            let own = try town.node(node, at: guarded.origin).poll(wait: 0)
            #expect(try await json.poll("/v1/assignments/poll", own, as: Assignment.self) == nil)
            let foreign = try town.node(other, at: guarded.origin).poll(wait: 0)
            let refusal = try await town.refusal {
                _ = try await json.poll("/v1/assignments/poll", foreign, as: Assignment.self)
            }
            #expect(refusal?.type == "urn:dna:problem:wrong_peer")
            await client.shutdown()
        }
    }

    @Test func aRoundsSetIsForItsCommittee() async throws {
        try await Guarded.run(operators: 5) { guarded in
            let (town, request) = (guarded.town, try guarded.town.fixture.request())
            // All are there to be drawn.
            for node in town.fixture.nodes.keys {
                try await town.store.recordPoll(try town.node(node, at: guarded.origin).poll(wait: 0).body)
            }
            try await town.ask(request)
            try await town.reach(.assigned, request)
            let round = try #require(try await town.gateway.rounds(of: try request.requestID()).last)
            let path = "/v1/requests/\(try request.requestID())/rounds/1/set"
            var answers: [Bool: [HTTPResponse.Status]] = [:]
            for node in town.fixture.nodes.keys {
                let client = try guarded.client((.worker, node.hex))
                let answer = try await client.send(.get, path, to: guarded.origin)
                answers[round.committee.member(node) != nil, default: []].append(answer.status)
                await client.shutdown()
            }
            #expect(answers == [true: Array(repeating: .noContent, count: 3), false: [.forbidden, .forbidden]])
        }
    }
}

/// An aggregator that listens with mutual TLS only, in a town.
private struct Guarded {
    let town: Town
    let origin: HTTPOrigin
    private let authority: CertificateAuthority

    static func run(operators: Int = 3, _ body: (Guarded) async throws -> Void) async throws {
        try await Town.run(operators: operators) { town in
            let authority = try CertificateAuthority.create(commonName: "a test's authority")
            var options = try town.options("guarded")
            options.tls = HTTPTLSOptions(
                TLSContextSource(
                    try .server(
                        credentials: credentials((.aggregator, "one"), town, authority),
                        authorities: [authority.certificate], clients: .optional,
                        rules: PeerRules(network: try town.fixture.genesis.networkID().hex), protocols: ["h2"])))
            let service = try AggregatorService(options, clock: town.clock, logger: Town.logger)
            let running = Task { try await service.run() }
            let origin = HTTPOrigin(host: "127.0.0.1", port: try await service.port(), isSecure: true)
            try await eventually { try await town.store.newestRosterID() != nil }
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(try await body(Guarded(town: town, origin: origin, authority: authority)))
            } catch {
                outcome = .failure(error)
            }
            running.cancel()
            _ = await running.result
            try outcome.get()
        }
    }

    /// A client with a certificate of this role and name; nil for one without.
    func client(_ identity: (role: PeerRole, name: String)?) throws -> HTTPClient {
        var options = HTTPClientOptions()
        options.tls = HTTPTLSOptions(
            TLSContextSource(
                try .client(
                    credentials: identity.map { try Self.credentials($0, town, authority) },
                    authorities: [authority.certificate], protocols: ["h2"])))
        return HTTPClient(options: options)
    }

    private static func credentials(
        _ identity: (role: PeerRole, name: String), _ town: Town, _ authority: CertificateAuthority
    ) throws -> TLSCredentials {
        let issued = try authority.issue(
            identity: PeerIdentity(
                network: try town.fixture.genesis.networkID().hex, role: identity.role, name: identity.name),
            ipAddresses: ["127.0.0.1"])
        return try TLSCredentials(certificatePEM: issued.certificate, privateKeyPEM: issued.privateKey)
    }
}
