public import HTTPTransport
public import Postgres
public import ServiceKit

/// What a gateway needs to know.
public struct GatewayOptions: Sendable {
    /// The coordinator's database, in the role `dna_gateway`.
    public var database: PostgresConfiguration
    /// The aggregators, one of which must be ready for this gateway to be.
    public var aggregators: [HTTPOrigin]
    /// Address to bind.
    public var host = "127.0.0.1"
    /// Port to bind, for HTTP/2 with prior knowledge and HTTP/1.1; 0 takes a free one.
    public var port = 0
    /// TLS of the public port; nil for cleartext, as behind a proxy that ends TLS.
    public var tls: HTTPTLSOptions?
    /// TLS for calls to the aggregators; nil in the clear.
    public var aggregatorTLS: HTTPTLSOptions?
    /// The operators' own port, for health and metrics; nil for none.
    public var operations: HTTPServiceOptions?
    /// The longest a client waits for its answer.
    public var requestTimeout: Duration = .seconds(300)
    /// How long the network may try to answer a request, in seconds; longer than a client waits.
    public var requestLifetime = 900
    /// How long after its last poll a worker still counts as there, in seconds.
    public var availabilityWindow = 75
    /// Clients that may wait at once; one more is answered 503.
    public var waiters = 4_096
    /// Requests that may be open in the whole network; one more is answered 503.
    public var networkRequests = 10_000
    /// The file of API keys; nil lets everybody ask.
    public var apiKeys: String?
    /// What everybody at one address may do where there are no keys.
    public var anonymous = ClientLimits()
    /// Connections open at once.
    public var connections = 10_000
    /// Connections open at once from one address.
    public var connectionsPerAddress = 1_024
    /// Bytes of bodies held in memory for all connections.
    public var bodyMemory = 256 << 20
    /// Connections to the database, beside the listener's own.
    public var databaseConnections = 8

    /// The numbers above.
    public init(database: PostgresConfiguration, aggregators: [HTTPOrigin]) {
        self.database = database
        self.aggregators = aggregators
    }
}
