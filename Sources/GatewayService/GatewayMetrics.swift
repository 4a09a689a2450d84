import CoreMetrics
package import ServiceKit

/// What a gateway measures beside its HTTP server and its database.
package struct GatewayMetrics: Sendable {
    static let waiting = MetricDefinition.gauge("dna_gateway_clients_waiting", "Clients that wait for an answer")
    static let answers = MetricDefinition.counter(
        "dna_gateway_answers_total", "Questions by what became of them: certified, or the refusal's code",
        labels: ["outcome"])

    /// All of them.
    package static let definitions = [waiting, answers]

    private let registry: MetricsRegistry

    package init(_ metrics: MetricsRegistry, waiting: WaitingRegistry) {
        metrics.declare(Self.definitions)
        registry = metrics
        let meter = metrics.meter(Self.waiting)
        metrics.onScrape { meter.set(waiting.count) }
    }

    func answered() { registry.counter(Self.answers, "certified").increment() }

    /// The codes are this program's own; a refusal without one counts by its status.
    func refused(_ refusal: OpenAIError) {
        registry.counter(Self.answers, refusal.code ?? "\(refusal.status.code)").increment()
    }
}
