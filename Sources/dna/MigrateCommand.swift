import ArgumentParser
import CoordinatorStore
import Postgres

import class Foundation.ProcessInfo

/// `dna migrate`.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the coordinator's database up to date.",
        discussion: """
            Run as the database's owner before a new version's gateways and aggregators start. Makes the roles \
            dna_gateway and dna_aggregator if they are missing, and grants them what they need. `dna up` does this for \
            its own database.
            """)

    @Option(help: "How to connect as the owner: a postgresql:// URL (better: DNA_DATABASE).") var database: String?

    func run() async throws {
        guard let text = database ?? ProcessInfo.processInfo.environment["DNA_DATABASE"] else {
            throw ValidationError("--database or DNA_DATABASE must say how to connect")
        }
        try await CoordinatorSchema.migrate(PostgresConfiguration(connectionString: text))
        Console.note("the database is up to date")
    }
}
