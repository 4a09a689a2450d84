import Canonical
import CoordinatorStore
import HTTPTypes
import Hummingbird
package import ServiceKit

/// Every route of the gateway.
package struct GatewayRoutes: Sendable {
    /// Time beyond a client's wait in which its answer is read and sent.
    private static let deadlineMargin: Duration = .seconds(30)

    let desk: Desk
    let aggregators: [JSONClient]
    let access: ClientAccess
    let listening: ListeningState
    let metrics: GatewayMetrics

    /// Routes over a desk; the aggregators are asked for their readiness.
    package init(
        desk: Desk, aggregators: [JSONClient], access: ClientAccess = ClientAccess(), listening: ListeningState,
        metrics: GatewayMetrics
    ) {
        self.desk = desk
        self.aggregators = aggregators
        self.access = access
        self.listening = listening
        self.metrics = metrics
    }

    /// A complete router.
    package func router() -> ServiceRouter {
        let router = ServiceRouter.service()
        router.add(middleware: GatewayErrors(metrics: metrics))
        router.add(middleware: AccessControl(access))
        addAsking(to: router)
        addModels(to: router)
        addRequests(to: router)
        router.getJSON("v1/network") { [desk] _, _ in try await desk.network() }
        router.addHealthRoutes(checks: checks)
        return router
    }

    /// What operators see, on a port of its own: health and metrics, for members of the network.
    package func operations(_ metrics: MetricsRegistry) -> ServiceRouter {
        let router = ServiceRouter.service()
        router.add(middleware: RequireRole.any)
        router.addHealthRoutes(checks: checks)
        router.addMetricsRoute(metrics)
        return router
    }

    private func addAsking(to router: ServiceRouter) {
        let group = router.group("v1").add(middleware: RouteDeadline(desk.timeout + Self.deadlineMargin))
        for (path, style) in [("chat/completions", Question.Style.chat), ("completions", .text)] {
            group.post(RouterPath(path)) { [desk, access, metrics] request, context -> Response in
                let answer = try await access.withQuestion(request, context) { limits in
                    let json = try await request.json(JSONValue.self, limit: GatewayService.bodyLimit)
                    let question = try Question(
                        style, from: json, idempotencyKey: request.headers[.idempotencyKey])
                    return try await desk.ask(question, within: limits, logger: context.logger)
                }
                context.logger.info("answered", metadata: ["request": "\(answer.dna.requestID)"])
                metrics.answered()
                return try .json(answer)
            }
        }
    }

    private var checks: [HealthCheck] {
        [
            HealthCheck("database") { [desk] in try await desk.store.pool.checkHealth() },
            HealthCheck("network") { [desk] in
                do { _ = try await desk.network() } catch { throw GatewayErrors.translate(error) }
            },
            HealthCheck("listener") { [listening] in
                guard listening.isInForce else { throw ServiceError(.unavailable, "not listening to the database yet") }
            },
            HealthCheck("workers") { [desk] in
                do {
                    let isDevelopment = try await desk.network().genesis.development
                    let models = try await desk.store.workers(within: desk.availabilityWindow)
                    if let shortage = WorkerAvailability.shortage(of: models, isDevelopment: isDevelopment) {
                        throw ServiceError(.unavailable, shortage)
                    }
                } catch { throw GatewayErrors.translate(error) }
            },
            HealthCheck("aggregator") { [aggregators] in
                if let reason = await AggregatorReadiness.obstacle(among: aggregators) {
                    throw ServiceError(.unavailable, reason)
                }
            },
        ]
    }
}
