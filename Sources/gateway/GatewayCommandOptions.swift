import ArgumentParser
import Foundation
import GatewayService
import HTTPTransport
import Postgres
import ServiceKit

/// The gateway's command line and environment.
struct GatewayCommandOptions: ParsableArguments {
    private static let host = Setting("host", default: "127.0.0.1", help: "Address to bind")
    private static let port = Setting(
        "port", default: 8080, range: 0...65_535, help: "Port for HTTP/2 and HTTP/1.1; 0 takes a free one")
    private static let timeout = Setting(
        "request-timeout", default: 300, range: 1...86_400, help: "The longest a client waits for an answer, in seconds"
    )
    private static let lifetime = Setting(
        "request-lifetime", default: 900, range: 1...86_400,
        help: "How long the network may try to answer a request, in seconds")

    @Option(help: "The coordinator's database: a PostgreSQL URI or key=value string (DNA_DATABASE).")
    var database: String?

    @Option(help: "An aggregator, http://host:port; repeat it for more (DNA_AGGREGATOR, separated by commas).")
    var aggregator: [String] = []

    @Option(help: ArgumentHelp(Self.host.fullHelp))
    var host: String?

    @Option(help: ArgumentHelp(Self.port.fullHelp))
    var port: Int?

    @Option(help: ArgumentHelp(Self.timeout.fullHelp))
    var requestTimeout: Int?

    @Option(help: ArgumentHelp(Self.lifetime.fullHelp))
    var requestLifetime: Int?

    func resolve(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws -> GatewayOptions {
        guard let database = database ?? environment["DNA_DATABASE"] else {
            throw ValidationError("--database or DNA_DATABASE is required")
        }
        var options = GatewayOptions(database: try connection(database), aggregators: try aggregators(environment))
        options.host = try Self.host.resolve(host, environment: environment)
        options.port = try Self.port.resolve(port, environment: environment)
        options.requestTimeout = .seconds(try Self.timeout.resolve(requestTimeout, environment: environment))
        options.requestLifetime = try Self.lifetime.resolve(requestLifetime, environment: environment)
        guard .seconds(options.requestLifetime) >= options.requestTimeout else {
            throw ValidationError("--request-lifetime: must be at least --request-timeout")
        }
        return options
    }

    private func aggregators(_ environment: [String: String]) throws -> [HTTPOrigin] {
        let inherited = environment["DNA_AGGREGATOR"]?.split(separator: ",").map(String.init) ?? []
        let texts = aggregator.isEmpty ? inherited : aggregator
        guard !texts.isEmpty else { throw ValidationError("--aggregator or DNA_AGGREGATOR is required") }
        return try texts.map { text in
            guard let origin = HTTPOrigin(text) else {
                throw ValidationError("--aggregator: not http://host:port: \(text)")
            }
            return origin
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
