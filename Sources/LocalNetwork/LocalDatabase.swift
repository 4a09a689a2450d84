import CoordinatorStore
import Postgres

/// The coordinator's database on a private server: migrated, with a role for each service.
struct LocalDatabase: Sendable {
    /// How the gateway connects; holds a password.
    let gateway: String
    /// How the aggregator connects; holds a password.
    let aggregator: String

    private static let name = "dna"

    /// Makes the database at the first start, brings its schema up to date, and gives the roles fresh passwords.
    static func prepare(_ cluster: PostgresCluster) async throws -> LocalDatabase {
        let roles = ["dna_gateway", "dna_aggregator"]
        var connections: [String] = []
        for role in roles {
            let password = PostgresCluster.randomPassword()
            try await cluster.ensureRole(role, password: password)
            let configuration = cluster.configuration(database: name, user: role, password: password)
            connections.append(configuration.connectionString)
        }
        try await cluster.ensureDatabase(name, owner: "postgres", users: roles)
        try await Migrator(CoordinatorSchema.migrations).migrate(cluster.administratorConfiguration(database: name))
        return LocalDatabase(gateway: connections[0], aggregator: connections[1])
    }
}
