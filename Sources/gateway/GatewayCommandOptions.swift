import ArgumentParser
import Foundation
import GatewayService
import HTTPTransport
import Logging
import Postgres
import ServiceArguments
import ServiceKit
import ServiceLifecycle

/// The gateway's command line and environment.
struct GatewayCommandOptions: ParsableArguments {
    struct Listener: ListenerDefaults {
        static let port = 8080
        static let purpose = "HTTP/2 and HTTP/1.1"
    }

    private static let operationsPort = Setting(
        "operations-port", default: -1, range: -1...65_535,
        help: "Port for /healthz, /readyz and /metrics, with the links' TLS; 0 takes a free one, -1 none")
    private static let timeout = Setting(
        "request-timeout", default: 300, range: 1...86_400, help: "The longest a client waits for an answer, in seconds"
    )
    private static let lifetime = Setting(
        "request-lifetime", default: 900, range: 1...86_400,
        help: "How long the network may try to answer a request, in seconds")

    private static let waiters = Setting(
        "waiting-clients", default: 4_096, range: 1...1_000_000,
        help: "Clients that may wait for answers at once; one more is answered 503")
    private static let networkRequests = Setting(
        "network-requests", default: 10_000, range: 1...10_000_000,
        help: "Requests that may be open in the whole network; one more is answered 503")
    private static let requestsPerMinute = Setting(
        "requests-per-minute", default: 12_000, range: 1...10_000_000,
        help: "Requests in a minute for each address, without API keys")
    private static let openRequests = Setting(
        "open-requests", default: 512, range: 1...1_000_000,
        help: "Questions open at once for each address, without API keys")
    private static let connections = Setting(
        "connections", default: 10_000, range: 1...1_000_000, help: "Connections open at once; one more is closed")
    private static let connectionsPerAddress = Setting(
        "connections-per-address", default: 1_024, range: 1...1_000_000,
        help: "Connections open at once from one address; more for a proxy that holds many")
    private static let bodyMemory = Setting(
        "body-memory", default: 256, range: 16...65_536,
        help: "Mebibytes of request and response bodies held for all connections")

    @OptionGroup(title: "Limits") var limits: Limits

    /// The options of the limits above.
    struct Limits: ParsableArguments {
        @Option(help: "JSON file of API keys, read again when it changes; without it everybody may ask (DNA_API_KEYS).")
        var apiKeys: String?

        @Option(help: ArgumentHelp(GatewayCommandOptions.waiters.fullHelp)) var waitingClients: Int?
        @Option(help: ArgumentHelp(GatewayCommandOptions.networkRequests.fullHelp)) var networkRequests: Int?
        @Option(help: ArgumentHelp(GatewayCommandOptions.requestsPerMinute.fullHelp)) var requestsPerMinute: Int?
        @Option(help: ArgumentHelp(GatewayCommandOptions.openRequests.fullHelp)) var openRequests: Int?
        @Option(help: ArgumentHelp(GatewayCommandOptions.connections.fullHelp)) var connections: Int?
        @Option(help: ArgumentHelp(GatewayCommandOptions.connectionsPerAddress.fullHelp))
        var connectionsPerAddress: Int?
        @Option(help: ArgumentHelp(GatewayCommandOptions.bodyMemory.fullHelp)) var bodyMemory: Int?

        func apply(to options: inout GatewayOptions, _ environment: [String: String]) throws {
            typealias Keys = GatewayCommandOptions
            options.apiKeys = apiKeys ?? environment["DNA_API_KEYS"]
            options.waiters = try Keys.waiters.resolve(waitingClients, environment: environment)
            options.networkRequests = try Keys.networkRequests.resolve(networkRequests, environment: environment)
            options.anonymous.requestsPerMinute = try Keys.requestsPerMinute.resolve(
                requestsPerMinute, environment: environment)
            options.anonymous.openRequests = try Keys.openRequests.resolve(openRequests, environment: environment)
            options.connections = try Keys.connections.resolve(connections, environment: environment)
            options.connectionsPerAddress = try Keys.connectionsPerAddress.resolve(
                connectionsPerAddress, environment: environment)
            options.bodyMemory = try Keys.bodyMemory.resolve(bodyMemory, environment: environment) << 20
        }
    }

    @Option(help: "The coordinator's database: a PostgreSQL URI or key=value string (DNA_DATABASE).")
    var database: String?

    @OptionGroup var aggregators: AggregatorArguments

    @OptionGroup var listener: ListenerArguments<Listener>
    @OptionGroup var link: LinkArguments

    @Option(
        help: "The public port's certificate: PEM, watched; that port is in the clear without (DNA_PUBLIC_CERTIFICATE)."
    )
    var publicCertificate: String?

    @Option(help: "The public certificate's private key: PEM (DNA_PUBLIC_PRIVATE_KEY).")
    var publicPrivateKey: String?

    @Option(help: ArgumentHelp(Self.operationsPort.fullHelp))
    var operationsPort: Int?

    @Option(help: ArgumentHelp(Self.timeout.fullHelp))
    var requestTimeout: Int?

    @Option(help: ArgumentHelp(Self.lifetime.fullHelp))
    var requestLifetime: Int?

    func resolve(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws -> GatewayOptions {
        guard let database = database ?? environment["DNA_DATABASE"] else {
            throw ValidationError("--database or DNA_DATABASE is required")
        }
        var options = GatewayOptions(
            database: try connection(database), aggregators: try aggregators.resolve(environment))
        (options.host, options.port) = try listener.resolve(environment)
        options.requestTimeout = .seconds(try Self.timeout.resolve(requestTimeout, environment: environment))
        options.requestLifetime = try Self.lifetime.resolve(requestLifetime, environment: environment)
        try limits.apply(to: &options, environment)
        guard .seconds(options.requestLifetime) >= options.requestTimeout else {
            throw ValidationError("--request-lifetime: must be at least --request-timeout")
        }
        return options
    }

    /// Gives the options their TLS, and returns what watches the files.
    func secure(
        _ options: inout GatewayOptions, logger: Logger,
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> [any Service] {
        let link = try link.link(logger: logger)
        try LinkArguments.require(options.aggregators, of: "aggregator", link)
        options.aggregatorTLS = try link?.client(expecting: .aggregator)
        let port = try Self.operationsPort.resolve(operationsPort, environment: environment)
        if port >= 0 {
            var operations = HTTPServiceOptions(host: options.host, port: port, servesHTTP1: true)
            operations.server.tls = try link?.server(servesHTTP1: true)
            options.operations = operations
        }
        let open = try publicFiles(environment).map { try LinkSecurity($0, logger: logger) }
        options.tls = try open?.server(.ignored, servesHTTP1: true)
        return [link, open].compactMap(\.self)
    }

    private func publicFiles(_ environment: [String: String]) throws -> LinkFiles? {
        let certificate = publicCertificate ?? environment["DNA_PUBLIC_CERTIFICATE"]
        let key = publicPrivateKey ?? environment["DNA_PUBLIC_PRIVATE_KEY"]
        switch (certificate, key) {
        case (let certificate?, let key?):
            return LinkFiles(certificate: certificate, privateKey: key, authority: nil)
        case (nil, nil): return nil
        default: throw ValidationError("--public-certificate and --public-private-key go together")
        }
    }

    private func connection(_ text: String) throws -> PostgresConfiguration {
        do {
            return try PostgresConfiguration(connectionString: text)
        } catch {
            // The text may hold a password.
            throw ValidationError("--database: not a PostgreSQL connection string")
        }
    }
}
