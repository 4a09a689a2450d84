import CoreMetrics
import DNAProtocol
package import ServiceKit

/// What a worker measures beside its HTTP server.
package struct WorkerMetrics: Sendable {
    static let running = MetricDefinition.gauge(
        "dna_assignments_running", "Assignments taken and not yet ended, by what they wait for", labels: ["step"])
    static let assignments = MetricDefinition.counter(
        "dna_assignments_total", "Assignments by how they ended: voted, refused, abandoned", labels: ["outcome"])
    static let prefill = MetricDefinition.histogram(
        "dna_inference_prefill_seconds", "From an answer's begin until its prompt was processed",
        bounds: MetricBounds.workSeconds)
    static let decode = MetricDefinition.histogram(
        "dna_inference_decode_seconds", "From the prompt's end to the last token", bounds: MetricBounds.workSeconds)
    static let tokens = MetricDefinition.counter(
        "dna_inference_tokens_total", "Tokens of prompts that were read, and of answers", labels: ["direction"])
    static let computations = MetricDefinition.counter(
        "dna_inference_computations_total", "Answers computed, by why they ended; a repeated one is not computed again",
        labels: ["finish_reason"])
    static let polls = MetricDefinition.counter(
        "dna_polls_total", "Polls for work: assigned, empty, failed", labels: ["outcome"])
    static let contact = MetricDefinition.gauge(
        "dna_aggregator_contact", "1 while the last poll was answered, 0 otherwise")
    static let models = MetricDefinition.gauge("dna_models_served", "Models that are loaded and named in polls")

    /// All of them.
    package static let definitions = [
        running, assignments, prefill, decode, tokens, computations, polls, contact, models,
    ]

    private let registry: MetricsRegistry
    let computing: Meter
    let voting: Meter

    init(_ registry: MetricsRegistry) {
        registry.declare(Self.definitions)
        self.registry = registry
        computing = registry.meter(Self.running, "commitment")
        voting = registry.meter(Self.running, "vote")
    }

    /// What became of an assignment.
    enum Outcome: String {
        case voted, refused, abandoned
    }

    /// What became of a poll.
    enum Poll: String {
        case assigned, empty, failed
    }

    func ended(_ outcome: Outcome) { registry.counter(Self.assignments, outcome.rawValue).increment() }

    func serves(_ count: Int) { registry.meter(Self.models).set(count) }

    func polled(_ outcome: Poll) {
        registry.counter(Self.polls, outcome.rawValue).increment()
        registry.meter(Self.contact).set(outcome == .failed ? 0 : 1)
    }

    func computed(_ answer: ComputedAnswer) {
        registry.counter(Self.computations, answer.output.finishReason.rawValue).increment()
        registry.counter(Self.tokens, "prompt").increment(by: answer.prompt.tokens.count)
        registry.counter(Self.tokens, "answer").increment(by: answer.output.tokens.count)
        guard let timings = answer.timings else { return }
        registry.recorder(Self.prefill).record(timings.prefill / .seconds(1))
        registry.recorder(Self.decode).record(timings.decode / .seconds(1))
    }
}
