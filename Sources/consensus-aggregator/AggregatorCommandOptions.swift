import AggregatorService
import ArgumentParser
import Foundation
import Logging
import Postgres
import ServiceArguments
import ServiceKit
import ServiceLifecycle

/// The aggregator's command line and environment.
struct AggregatorCommandOptions: ParsableArguments {
    struct Listener: ListenerDefaults {
        static let port = 8085
        static let purpose = "HTTP/2"
    }

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

    @OptionGroup var network: NetworkArguments

    @Option(
        help: """
            A model's listing, as `dna model pack --listing` writes it; may be repeated (DNA_MODEL, separated by commas).
            """)
    var model: [String] = []

    @Option(help: "All signers: 1=https://host:port,2=… (DNA_SIGNERS).")
    var signers: String?

    @OptionGroup var listener: ListenerArguments<Listener>
    @OptionGroup var link: LinkArguments

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
            try required(option, name, variable, environment)
        }
        let models = model.isEmpty ? environment["DNA_MODEL"]?.split(separator: ",").map(String.init) ?? [] : model
        let files = try AggregatorFiles(
            genesis: try network.genesisPath(environment),
            roster: try text(network.rosterPath(environment), "roster", "DNA_ROSTER"),
            models: models)
        guard let signers = SignerOrigins.read(try text(signers, "signers", "DNA_SIGNERS")) else {
            throw ValidationError("--signers: expected 1=https://host:port,2=…")
        }
        var options = AggregatorOptions(
            database: try connection(try text(database, "database", "DNA_DATABASE")), genesis: files.genesis,
            roster: files.roster, models: files.models, signers: signers)
        (options.host, options.port) = try listener.resolve(environment)
        options.commitTimeout = Int64(try Self.commitTimeout.resolve(commitTimeout, environment: environment))
        options.voteTimeout = Int64(try Self.voteTimeout.resolve(voteTimeout, environment: environment))
        options.leaseSeconds = Double(try Self.leaseSeconds.resolve(leaseSeconds, environment: environment))
        options.replicaName = try Self.replicaName.resolve(replicaName, environment: environment)
        return options
    }

    /// Gives the options their TLS, and returns what watches the files.
    func secure(_ options: inout AggregatorOptions, logger: Logger) throws -> [any Service] {
        let link = try link.link(network: "\(options.genesis.networkID())", logger: logger)
        try LinkArguments.require(Array(options.signers.values), of: "signers", link)
        // Whoever wants to join has no certificate yet; every other route asks for one.
        options.tls = try link?.server(.optional)
        options.signerTLS = try link?.client(expecting: .signer)
        return [link].compactMap(\.self)
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
