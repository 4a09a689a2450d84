package import ServiceKit

/// What a gateway measures beside its HTTP server and its database.
package enum GatewayMetrics {
    static let waiting = MetricDefinition.gauge("dna_gateway_clients_waiting", "Clients that wait for an answer")
    static let answers = MetricDefinition.counter(
        "dna_gateway_answers_total", "Questions by what became of them: certified, or the refusal's code",
        labels: ["outcome"])

    /// All of them.
    package static let definitions = [waiting, answers]

    static func add(to metrics: MetricsRegistry, waiting: WaitingRegistry) {
        metrics.declare(definitions)
        let meter = metrics.meter(Self.waiting)
        metrics.onScrape { meter.set(waiting.count) }
    }
}
