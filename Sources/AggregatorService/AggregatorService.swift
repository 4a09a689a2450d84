import CoordinatorStore
import DNAProtocol
import HTTPTransport
public import Logging
import Postgres
public import ServiceKit
public import ServiceLifecycle

/// Takes requests from accepted to certified: draws committees, collects commitments and votes, applies the policy, and
/// asks the signers. All of its state is in the database, so that any replica can go on where another one stopped.
public final class AggregatorService: Service {
    private let options: AggregatorOptions
    private let pool: PostgresPool
    /// Strangers who ask to be let in wait for each other, not the owners of requests for them.
    private let strangersPool: PostgresPool
    private let client: HTTPClient
    private let registration: Registration
    private let owner: Owner
    private let delivery: RosterDelivery
    private let doorbells = Doorbells()
    private let store: AggregatorStore
    private let http: HTTPService
    private let logger: Logger

    /// An aggregator that binds and connects when it runs. Throws `InvalidField` for options that break the protocol's
    /// rules.
    public init(
        _ options: AggregatorOptions, clock: any WallClock = SystemClock(),
        logger: Logger = Logger(label: "consensus-aggregator"), metrics: MetricsRegistry = MetricsRegistry()
    ) throws {
        try Self.validate(options)
        let network = try options.genesis.networkID()
        self.options = options
        self.logger = logger
        let databaseMetrics = DatabaseMetrics(metrics)
        let database = options.database.with(observer: PostgresObserver(databaseMetrics))
        pool = PostgresPool(database, limits: .init(connections: options.databaseConnections))
        strangersPool = PostgresPool(database, limits: .init(connections: 2, waiters: 64))
        databaseMetrics.show(in: metrics) { [pool] in pool.load }
        store = AggregatorStore(pool: pool)
        var clientOptions = HTTPClientOptions()
        clientOptions.tls = options.signerTLS
        let client = HTTPClient(options: clientOptions, logger: logger)
        self.client = client
        let signers = options.signers.sorted { $0.key < $1.key }.map { identifier, origin in
            SignerConnection(
                identifier: identifier, client: JSONClient(client, origin: origin, retry: .never),
                timeout: options.signerTimeout)
        }
        let (keys, rosters, measured) = (GroupKeys(), RosterCache(), AggregatorMetrics(metrics))
        registration = Registration(options: options, store: store, signers: signers, keys: keys, logger: logger)
        owner = Owner(
            context: DriverContext(
                options: options, network: network, store: store, rosters: rosters, doorbells: doorbells,
                signers: signers, keys: keys, clock: clock, logger: logger, metrics: measured))
        measured.show(
            store: store, rosters: rosters, keys: keys, doorbells: doorbells, owner: owner, options: options)
        let doorbells = doorbells
        func nodeDesk(_ pool: PostgresPool) -> NodeDesk {
            NodeDesk(
                network: network, store: AggregatorStore(pool: pool), rosters: rosters, doorbells: doorbells,
                clock: clock, logger: logger, metrics: measured)
        }
        let desk = nodeDesk(pool)
        let delivery = RosterDelivery(nodes: desk, signers: signers, logger: logger)
        self.delivery = delivery
        func admission(_ desk: NodeDesk) -> AdmissionRoutes {
            AdmissionRoutes(
                desk: AdmissionDesk(
                    genesis: options.genesis, network: network, nodes: desk, delivery: delivery,
                    availabilityWindow: options.availabilityWindow))
        }
        let routes = AggregatorRoutes(
            desk: desk, joining: admission(nodeDesk(strangersPool)), admission: admission(desk),
            models: ModelRoutes(genesis: options.genesis, store: store, clock: clock), store: store, signers: signers,
            keys: keys, threshold: options.genesis.signers.threshold)
        var server = HTTPServiceOptions(host: options.host, port: options.port)
        server.server.tls = options.tls
        server.server.requestBodyLimit = AggregatorRoutes.bodyLimit
        let router = routes.router()
        router.addMetricsRoute(metrics)
        http = HTTPService(router: router, options: server, logger: logger, metrics: metrics)
    }

    private static func validate(_ options: AggregatorOptions) throws {
        try options.genesis.validate()
        try options.roster.validate(in: options.genesis)
        for model in options.models { try model.manifest.validate(within: options.genesis) }
        guard options.signers.keys.sorted() == options.genesis.signers.members.map(\.identifier) else {
            throw InvalidField("signers", "must name the genesis's signers, each once")
        }
        guard (1...64).contains(options.replicaName.utf8.count) else {
            throw InvalidField("replica-name", "must be 1 to 64 bytes")
        }
    }

    /// The port, once it is bound. Throws when binding failed.
    public func port() async throws -> Int { try await http.port() }

    /// Serves until graceful shutdown or cancellation; then gives its requests back to the other replicas.
    public func run() async throws {
        do {
            try await serve()
        } catch {
            await close()
            throw error
        }
        await close()
    }

    private func serve() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // Long polls would hold up a shutdown for as long as they wait.
                try await withTaskCancellationOrGracefulShutdownHandler {
                    try await self.http.run()
                } onCancelOrGracefulShutdown: {
                    self.doorbells.closeToNodes()
                }
            }
            group.addTask {
                try await cancelWhenGracefulShutdown { try await self.work() }
            }
            // Whoever fails takes the other along.
            while try await group.next() != nil {}
        }
    }

    private func work() async throws {
        do {
            try await registration.register()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.doorbells.ring(from: self.store, logger: self.logger) }
                group.addTask { try await self.registration.learnNetworkFile() }
                group.addTask { await self.delivery.run() }
                group.addTask { await self.owner.run() }
                while try await group.next() != nil {}
            }
        } catch {
            // The way out is cancellation, whatever the interrupted calls make of it.
            guard Task.isCancelled else { throw error }
        }
    }

    private func close() async {
        await client.shutdown()
        await pool.close()
        await strangersPool.close()
    }
}
