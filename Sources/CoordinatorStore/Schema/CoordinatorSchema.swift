public import Postgres

/// The coordinator's database: its schema's history, and the roles that work with it.
public enum CoordinatorSchema {
    /// The role of gateways: they ask and read.
    public static let gatewayRole = "dna_gateway"
    /// The role of aggregators: everything but deleting.
    public static let aggregatorRole = "dna_aggregator"

    /// All steps, in order. A step that was released does not change any more.
    public static let migrations = [
        Migration(version: 1, name: "initial", sql: InitialSchema.sql),
        Migration(version: 2, name: "admission", sql: AdmissionSchema.sql),
        Migration(version: 3, name: "evidence", sql: EvidenceSchema.sql),
        Migration(version: 4, name: "packages", sql: PackageSchema.sql),
        Migration(version: 5, name: "registry", sql: RegistrySchema.sql),
        Migration(version: 6, name: "withdrawal", sql: WithdrawalSchema.sql),
        Migration(version: 7, name: "ballots", sql: BallotSchema.sql),
    ]

    /// Brings a database up to date, as its owner; gives the versions that were applied. Any number of processes may try
    /// at once. The two roles are made if they are missing, which takes an owner who may create roles.
    @discardableResult
    public static func migrate(_ owner: PostgresConfiguration) async throws(PostgresError) -> [Int] {
        try await Migrator(migrations).migrate(owner)
    }
}
