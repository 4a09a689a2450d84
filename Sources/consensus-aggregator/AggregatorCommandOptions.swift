import AggregatorService
import ArgumentParser
import Foundation
import Postgres
import ServiceKit

/// The aggregator's command line and environment.
struct AggregatorCommandOptions: ParsableArguments {
    private static let host = Setting("host", default: "127.0.0.1", help: "Address to bind")
    private static let port = Setting(
        "port", default: 8085, range: 0...65_535, help: "Port for HTTP/2; 0 takes a free one")
    private static let commitTimeout = Setting(
        "commit-timeout", default: 120, range: 1...86_400, help: "How long a committee may take to commit, in seconds")
    private static let voteTimeout = Setting(
        "vote-timeout", default: 15, range: 1...3_600, help: "How long a set's members may take to vote, in seconds")
    private static let leaseSeconds = Setting(
        "lease-seconds", default: 10, range: 1...3_600,
        help: "How long a dead replica's requests wait for another one, in seconds")
    private static let replicaName = Setting(
        "replica-name", default: "aggregator", help: "This replica's name among those that share the database")

    @Option(help: "The coordinator's database: a PostgreSQL URI or key=value string (DNA_DATABASE).")
    var database: String?

    @Option(help: "The network's genesis (DNA_GENESIS).")
    var genesis: String?

    @Option(help: "The newest roster epoch (DNA_ROSTER).")
    var roster: String?

    @Option(
        help: "A model's package folder or its manifest.json; may be repeated (DNA_MODEL, separated by commas).")
    var model: [String] = []

    @Option(help: "All signers: 1=http://host:port,2=… (DNA_SIGNERS).")
    var signers: String?

    @Option(help: ArgumentHelp(Self.host.fullHelp))
    var host: String?

    @Option(help: ArgumentHelp(Self.port.fullHelp))
    var port: Int?

    @Option(help: ArgumentHelp(Self.commitTimeout.fullHelp))
    var commitTimeout: Int?

    @Option(help: ArgumentHelp(Self.voteTimeout.fullHelp))
    var voteTimeout: Int?

    @Option(help: ArgumentHelp(Self.leaseSeconds.fullHelp))
    var leaseSeconds: Int?

    @Option(help: ArgumentHelp(Self.replicaName.fullHelp))
    var replicaName: String?

    func resolve(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws -> AggregatorOptions {
        func text(_ option: String?, _ name: String, _ variable: String) throws -> String {
            guard let text = option ?? environment[variable] else {
                throw ValidationError("--\(name) or \(variable) is required")
            }
            return text
        }
        let models = model.isEmpty ? environment["DNA_MODEL"]?.split(separator: ",").map(String.init) ?? [] : model
        let files = try AggregatorFiles(
            genesis: try text(genesis, "genesis", "DNA_GENESIS"), roster: try text(roster, "roster", "DNA_ROSTER"),
            models: models)
        guard let signers = AggregatorOptions.signers(try text(signers, "signers", "DNA_SIGNERS")) else {
            throw ValidationError("--signers: expected 1=http://host:port,2=…")
        }
        var options = AggregatorOptions(
            database: try connection(try text(database, "database", "DNA_DATABASE")), genesis: files.genesis,
            roster: files.roster, manifests: files.manifests, signers: signers)
        options.host = try Self.host.resolve(host, environment: environment)
        options.port = try Self.port.resolve(port, environment: environment)
        options.commitTimeout = Int64(try Self.commitTimeout.resolve(commitTimeout, environment: environment))
        options.voteTimeout = Int64(try Self.voteTimeout.resolve(voteTimeout, environment: environment))
        options.leaseSeconds = Double(try Self.leaseSeconds.resolve(leaseSeconds, environment: environment))
        options.replicaName = try Self.replicaName.resolve(replicaName, environment: environment)
        return options
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
