public import DNAProtocol
public import HTTPTransport
public import Postgres

/// What an aggregator needs to know.
public struct AggregatorOptions: Sendable {
    /// The coordinator's database, in the role `dna_aggregator`.
    public var database: PostgresConfiguration
    /// The network.
    public var genesis: Genesis
    /// The newest roster epoch this replica was given; the database may hold a newer one only if it is the same.
    public var roster: SignedRoster
    /// The models the network serves.
    public var models: [PublishedModel]
    /// Where each signer of the genesis answers.
    public var signers: [Int: HTTPOrigin]
    /// Address to bind.
    public var host = "127.0.0.1"
    /// Port to bind; 0 takes a free one.
    public var port = 0
    /// TLS of the listener; nil in the clear.
    public var tls: HTTPTLSOptions?
    /// TLS for calls to the signers; nil in the clear.
    public var signerTLS: HTTPTLSOptions?
    /// This replica's name among those that share the database, 1 to 64 bytes. A replica that starts under a name takes
    /// over at once what was held under it.
    public var replicaName = "aggregator"
    /// How long a committee may take to commit, in seconds.
    public var commitTimeout: Int64 = 120
    /// How long the members of a set may take to vote, in seconds.
    public var voteTimeout: Int64 = 15
    /// How long a dead replica's requests wait for another one, in seconds.
    public var leaseSeconds: Double = 10
    /// How long a signer may take to answer with nonces or a share.
    public var signerTimeout: Duration = .seconds(5)
    /// The first pause after signing failed with every signer that could be asked; it doubles.
    public var signingPause: Duration = .milliseconds(200)
    /// How long after its last poll a node still counts as there, in seconds.
    public var availabilityWindow = 75
    /// Requests this replica drives at once.
    public var requestsAtOnce = 256
    /// Connections to the database, beside the listener's own.
    public var databaseConnections = 8

    /// The numbers above.
    public init(
        database: PostgresConfiguration, genesis: Genesis, roster: SignedRoster, models: [PublishedModel],
        signers: [Int: HTTPOrigin]
    ) {
        self.database = database
        self.genesis = genesis
        self.roster = roster
        self.models = models
        self.signers = signers
    }
}
