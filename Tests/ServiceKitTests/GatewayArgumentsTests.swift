import HTTPTransport
import HTTPTypes
import ServiceArguments
import ServiceKit
import TLS
import Testing

/// How commands reach a gateway's public port: key, scheme and whom they trust.
@Suite struct GatewayArgumentsTests {
    private let folder: LinkFolder

    init() throws {
        folder = try LinkFolder()
    }

    private var authority: String { folder.path + "/authority.pem" }

    /// Asks a public listener with TLS what it heard as authorization.
    private func ask(_ options: [String], _ environment: [String: String] = [:]) async throws -> String {
        let router = ServiceRouter.service()
        router.get("heard") { request, _ in request.headers[.authorization] ?? "nothing" }
        let files = try folder.issue(.gateway)
        let link = try LinkSecurity(
            LinkFiles(certificate: files.certificate, key: files.privateKey, authority: nil), logger: quiet)
        var service = HTTPServiceOptions(servesHTTP1: true)
        service.server.tls = try link.server(.ignored, servesHTTP1: true)
        let answer = Answer()
        try await withService(options: service, router) { _, _, origin in
            let url = "https://localhost:\(origin.port)"
            let arguments = try GatewayArguments.parse(["--gateway", url] + options)
            let named = try arguments.origin([:])
            let client = HTTPClient(options: try arguments.clientOptions(for: named), logger: quiet)
            do {
                let response = try await client.send(.get, "/heard", to: named, fields: arguments.fields(environment))
                await answer.set(response.status.code, String(buffer: response.body))
            } catch {
                await client.shutdown()
                throw error
            }
            await client.shutdown()
        }
        return await answer.value.1
    }

    @Test func aPrivateAuthorityVouchesForTheGateway() async throws {
        #expect(try await ask(["--authority", authority]) == "nothing")
    }

    @Test func withoutItTheSystemVouchesForNobodyUnknown() async throws {
        await #expect(throws: HTTPTransportError.self) { try await ask([]) }
    }

    @Test func theKeyIsSentFromTheOptionOrElseTheEnvironment() async throws {
        let trusted = ["--authority", authority]
        #expect(try await ask(trusted, ["DNA_API_KEY": "b"]) == "Bearer b")
        #expect(try await ask(trusted + ["--api-key", "a"], ["DNA_API_KEY": "b"]) == "Bearer a")
    }

    @Test func theURLIsTheOptionsOrElseTheEnvironments() throws {
        #expect(try GatewayArguments.parse([]).origin([:]) == HTTPOrigin(host: "127.0.0.1", port: 8080))
        let environment = ["DNA_GATEWAY": "https://gateway.example"]
        let named = try GatewayArguments.parse([]).origin(environment)
        #expect(named == HTTPOrigin(host: "gateway.example", port: 443, isSecure: true))
    }

    @Test func whatCannotBeMeantIsRefused() throws {
        #expect(throws: (any Error).self) { try GatewayArguments.parse(["--gateway", "ftp://x"]).origin([:]) }
        let inTheClear = try GatewayArguments.parse(["--gateway", "http://x", "--authority", authority])
        #expect(throws: (any Error).self) { try inTheClear.origin([:]) }
        #expect(throws: (any Error).self) { try GatewayArguments.parse(["--api-key", "a\nb"]).fields([:]) }
    }
}

/// How commands name aggregators.
@Suite struct AggregatorArgumentsTests {
    private let environment = ["DNA_AGGREGATOR": "https://a:1,https://b:2"]

    private func ports(_ options: [String], _ environment: [String: String]) throws -> [Int] {
        try AggregatorArguments.parse(options).resolve(environment).map(\.port)
    }

    @Test func theyAreTheOptionsOrElseTheEnvironments() throws {
        #expect(try ports([], environment) == [1, 2])
        #expect(try ports(["--aggregator", "https://c:3", "--aggregator", "https://d:4"], environment) == [3, 4])
    }

    @Test(arguments: [[], ["--aggregator", ""], ["--aggregator", "ftp://x"], ["--aggregator", "https://a:1,b"]])
    func noneIsRefusedAndSoIsWhatIsNoURL(_ options: [String]) {
        #expect(throws: (any Error).self) { try ports(options, [:]) }
    }
}
