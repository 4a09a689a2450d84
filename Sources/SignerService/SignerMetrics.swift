import CoreMetrics
package import ServiceKit

/// What a signer measures beside its HTTP server.
package struct SignerMetrics: Sendable {
    static let phase = MetricDefinition.gauge(
        "dna_key_generation_phase", "1 for the phase the key generation is in, 0 for the others", labels: ["phase"])
    static let promised = MetricDefinition.gauge("dna_nonces_promised", "Nonces promised and not used yet")
    static let promises = MetricDefinition.counter("dna_nonce_promises_total", "Nonces promised")
    static let shares = MetricDefinition.counter(
        "dna_signature_shares_total", "Requests for a share: given, or why not", labels: ["outcome"])
    static let time = MetricDefinition.histogram(
        "dna_signature_share_seconds", "Checking a decision, recording it, and computing the share",
        bounds: MetricBounds.seconds)
    static let epoch = MetricDefinition.gauge("dna_roster_epoch", "The newest roster epoch known")

    /// All of them.
    package static let definitions = [phase, promised, promises, shares, time, epoch]

    private let registry: MetricsRegistry

    init(_ registry: MetricsRegistry) {
        registry.declare(Self.definitions)
        self.registry = registry
    }

    /// Where the key generation can stand.
    enum Phase: String, CaseIterable {
        case generating, finished, aborted
    }

    func entered(_ phase: Phase) {
        for other in Phase.allCases { registry.meter(Self.phase, other.rawValue).set(other == phase ? 1 : 0) }
    }

    /// Shows the office's state at each scrape.
    func show(_ office: SigningOffice) {
        let (promised, epoch) = (registry.meter(Self.promised), registry.meter(Self.epoch))
        registry.onScrape {
            // Nothing is promised while the office is closed.
            guard let desk = try? await office.desk() else { return }
            promised.set(desk.promisedNonces)
            epoch.set(desk.rosterEpoch)
        }
    }

    func noncesPromised() { registry.counter(Self.promises).increment() }

    func share(_ refusal: Refusal?, after duration: Duration) {
        registry.counter(Self.shares, refusal?.kind ?? "given").increment()
        registry.recorder(Self.time).record(duration / .seconds(1))
    }
}

extension Refusal {
    fileprivate var kind: String {
        switch self {
        case .invalid: "invalid"
        case .rosterContradictory: "roster_contradictory"
        case .rosterSuperseded: "roster_superseded"
        case .voterRevoked: "voter_revoked"
        case .staleDecision: "stale_decision"
        case .alreadyDecided: "already_decided"
        case .unknownNonces: "unknown_nonces"
        }
    }
}
