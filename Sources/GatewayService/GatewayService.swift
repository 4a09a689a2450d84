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
        GatewayMetrics.add(to: metrics, waiting: waiting)
        listener = ChangeListener(store: store, waiting: waiting, logger: logger)
        let desk = Desk(
            store: store, waiting: waiting, timeout: options.requestTimeout, lifetime: options.requestLifetime)
        let client = client
        let aggregators = options.aggregators.map { JSONClient(client, origin: $0, retry: .never) }
        let routes = GatewayRoutes(desk: desk, aggregators: aggregators)
        var server = HTTPServiceOptions(host: options.host, port: options.port, servesHTTP1: true)
        server.server.tls = options.tls
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
        // Stopped in reverse order.
        let services: [any Service] = [listener] + [operations].compactMap(\.self) + [http]
        let group = ServiceGroup(configuration: .init(services: services, logger: logger))
        do {
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
