import CoordinatorStore
import HTTPTransport
public import Logging
import Postgres
public import ServiceKit
public import ServiceLifecycle

/// What applications talk to: OpenAI's API, whose every answer carries a certificate.
///
/// It holds no state of its own: any number of gateways may stand before one database.
public final class GatewayService: Service {
    /// Bytes of JSON accepted: a megabyte of input, even if every byte of it is escaped.
    static let bodyLimit = 8 << 20
    /// The longest a request waits for a connection to the database.
    private static let acquireTimeout: Duration = .seconds(3)

    private let pool: PostgresPool
    private let client: HTTPClient
    private let listener: ChangeListener
    private let access: ClientAccess
    private let apiKeys: String?
    private let http: HTTPService
    private let operations: HTTPService?
    private let logger: Logger

    /// A gateway that binds and connects when it runs.
    public init(
        _ options: GatewayOptions, logger: Logger = Logger(label: "gateway"),
        metrics: MetricsRegistry = MetricsRegistry()
    ) {
        self.logger = logger
        let databaseMetrics = DatabaseMetrics(metrics)
        pool = PostgresPool(
            options.database.with(observer: PostgresObserver(databaseMetrics)),
            limits: .init(
                connections: options.databaseConnections, waiters: 2 * options.waiters,
                acquireTimeout: Self.acquireTimeout))
        databaseMetrics.show(in: metrics) { [pool] in pool.load }
        var clientOptions = HTTPClientOptions()
        clientOptions.tls = options.aggregatorTLS
        client = HTTPClient(options: clientOptions, logger: logger)
        let store = RequestStore(pool: pool)
        let waiting = WaitingRegistry(limit: options.waiters)
        let measured = GatewayMetrics(metrics, waiting: waiting)
        let listening = ListeningState()
        listener = ChangeListener(store: store, waiting: waiting, listening: listening, logger: logger)
        let desk = Desk(
            store: store, waiting: waiting, queue: NetworkQueue(limit: options.networkRequests),
            timeout: options.requestTimeout, lifetime: options.requestLifetime,
            availabilityWindow: options.availabilityWindow)
        access = ClientAccess(anonymous: options.anonymous)
        apiKeys = options.apiKeys
        let client = client
        let aggregators = options.aggregators.map { JSONClient(client, origin: $0, retry: .never) }
        let routes = GatewayRoutes(
            desk: desk, aggregators: aggregators, access: access, listening: listening, metrics: measured)
        var server = HTTPServiceOptions(host: options.host, port: options.port, servesHTTP1: true)
        server.server.tls = options.tls
        server.server.connections = options.connections
        server.server.connectionsPerAddress = options.connectionsPerAddress
        server.server.bodyMemory = options.bodyMemory
        http = HTTPService(router: routes.router(), options: server, logger: logger, metrics: metrics)
        operations = options.operations.map { listener in
            HTTPService(router: routes.operations(metrics), options: listener, logger: logger)
        }
    }

    /// The port, once it is bound. Throws when binding failed.
    public func port() async throws -> Int { try await http.port() }

    /// The operators' port, once it is bound; nil without one.
    public func operationsPort() async throws -> Int? { try await operations?.port() }

    /// Serves until graceful shutdown: open requests end first, then the listener.
    public func run() async throws {
        var services: [any Service] = [listener] + [operations].compactMap(\.self)
        do {
            if let apiKeys {
                // Before the port opens: a gateway with keys is at no time an open one.
                access.replace(try APIKeyFile.read(apiKeys))
                services.append(APIKeyWatcher(path: apiKeys, access: access, logger: logger))
            }
            services.append(http)
            // Stopped in reverse order.
            let group = ServiceGroup(configuration: .init(services: services, logger: logger))
            try await group.run()
        } catch {
            await close()
            throw error
        }
        await close()
    }

    private func close() async {
        await client.shutdown()
        await pool.close()
    }
}
