import Consensus
import CoordinatorStore
import CoreMetrics
import DNAProtocol
package import ServiceKit

/// What an aggregator measures beside its HTTP server and its database.
package struct AggregatorMetrics: Sendable {
    static let open = MetricDefinition.gauge(
        "dna_requests_open",
        "Requests that have not ended, by state; of the whole database, whichever replica is asked",
        labels: ["state"])
    static let queued = MetricDefinition.gauge(
        "dna_queue_requests", "Open requests that no replica drives at this moment; of the whole database")
    static let oldest = MetricDefinition.gauge(
        "dna_queue_oldest_seconds", "Age of the oldest open request; of the whole database")
    static let owned = MetricDefinition.gauge("dna_requests_owned", "Requests this replica drives")
    static let transitions = MetricDefinition.counter(
        "dna_request_transitions_total", "State changes made by this replica, by the new state", labels: ["state"])
    static let failures = MetricDefinition.counter(
        "dna_request_failures_total", "Requests ended as failed by this replica, by reason", labels: ["reason"])
    static let rounds = MetricDefinition.counter(
        "dna_rounds_total", "Rounds by what became of them: opened, set_closed, decided, no_quorum, superseded",
        labels: ["event"])
    static let policies = MetricDefinition.counter(
        "dna_policy_results_total",
        "What policies came to: decided, enlarged (a larger committee is asked), no_quorum, too_few_nodes",
        labels: ["result"])
    static let ballots = MetricDefinition.counter(
        "dna_ballots_total",
        "Commitments and votes received: recorded, repeated, closed (late or early), contradiction, refused",
        labels: ["kind", "admission"])
    static let assignments = MetricDefinition.counter("dna_assignments_sent_total", "Assignments handed to nodes")
    static let polling = MetricDefinition.gauge("dna_nodes_polling", "Nodes whose poll for work this replica holds")
    static let nodes = MetricDefinition.gauge(
        "dna_nodes", "Nodes: active in the newest roster, or available (heard from lately)", labels: ["status"])
    static let epoch = MetricDefinition.gauge("dna_roster_epoch", "The newest roster epoch known")
    static let groupKey = MetricDefinition.gauge("dna_group_key_known", "1 once the network file is known")
    static let signings = MetricDefinition.counter(
        "dna_signing_rounds_total", "Attempts at a group signature: signed or failed", labels: ["outcome"])
    static let signingTime = MetricDefinition.histogram(
        "dna_signing_duration_seconds", "One attempt at a group signature, both rounds",
        bounds: MetricBounds.seconds)
    static let signerFaults = MetricDefinition.counter(
        "dna_signer_faults_total", "Signers left out of an attempt: a bad share, or no usable answer",
        labels: ["signer", "fault"])
    static let signers = MetricDefinition.gauge(
        "dna_signers", "Signers of the genesis, and its threshold", labels: ["of"])

    /// All of them.
    package static let definitions = [
        open, queued, oldest, owned, transitions, failures, rounds, policies, ballots, assignments, polling, nodes,
        epoch,
        groupKey, signings, signingTime, signerFaults, signers,
    ]

    private let registry: MetricsRegistry

    init(_ registry: MetricsRegistry) {
        registry.declare(Self.definitions)
        self.registry = registry
    }

    // MARK: Events

    /// What became of a round.
    enum RoundEvent: String {
        case opened, setClosed = "set_closed", decided, noQuorum = "no_quorum", superseded
    }

    /// What a policy came to.
    enum PolicyResult: String {
        case decided, enlarged, noQuorum = "no_quorum", tooFewNodes = "too_few_nodes"
    }

    /// Counted when it is written: a transaction that then fails to commit is counted again with its repetition.
    func transition(to state: RequestState) { registry.counter(Self.transitions, state.rawValue).increment() }

    func failed(_ reason: FailureReason) {
        transition(to: .failed)
        registry.counter(Self.failures, reason.rawValue).increment()
    }

    func round(_ event: RoundEvent) { registry.counter(Self.rounds, event.rawValue).increment() }

    func policy(_ result: PolicyResult) { registry.counter(Self.policies, result.rawValue).increment() }

    /// `admission` is nil for what broke a rule.
    func ballot(_ kind: BallotKind, _ admission: Admission?) {
        registry.counter(Self.ballots, kind.rawValue, admission?.name ?? "refused").increment()
    }

    func assignmentSent() { registry.counter(Self.assignments).increment() }

    func signing(_ outcome: SigningOutcome, after duration: Duration) {
        registry.recorder(Self.signingTime).record(duration / .seconds(1))
        switch outcome {
        case .signature: registry.counter(Self.signings, "signed").increment()
        case .failed(let faults):
            registry.counter(Self.signings, "failed").increment()
            for fault in faults {
                let kind = fault.kind == .badSignatureShare ? "bad_share" : "no_answer"
                registry.counter(Self.signerFaults, "\(fault.signer)", kind).increment()
            }
        }
    }

    // MARK: Scrapes

    /// Shows the database's and this replica's state at each scrape; what cannot be read keeps its last value.
    func show(
        store: AggregatorStore, rosters: RosterCache, keys: GroupKeys, doorbells: Doorbells, owner: Owner,
        options: AggregatorOptions
    ) {
        let signers = options.genesis.signers
        registry.meter(Self.signers, "genesis").set(signers.members.count)
        registry.meter(Self.signers, "threshold").set(signers.threshold)
        let (registry, window) = (registry, options.availabilityWindow)
        registry.onScrape {
            registry.meter(Self.groupKey).set(keys.known == nil ? 0 : 1)
            registry.meter(Self.owned).set(owner.count)
            registry.meter(Self.polling).set(doorbells.assignments.count)
            guard let summary = try? await store.summary(window: window) else { return }
            for (state, count) in summary.open { registry.meter(Self.open, state.rawValue).set(count) }
            registry.meter(Self.queued).set(summary.unowned)
            registry.meter(Self.oldest).set(summary.oldest)
            registry.meter(Self.epoch).set(summary.rosterEpoch)
            registry.meter(Self.nodes, "available").set(summary.availableNodes)
            guard let id = try? await store.newestRosterID(),
                let entry = try? await rosters.entry(id, load: { try await store.roster(id) })
            else { return }
            registry.meter(Self.nodes, "active").set(entry.activeNodes.count)
        }
    }
}

/// What a node sends for a round.
enum BallotKind: String {
    case commitment, vote
}

extension Admission {
    fileprivate var name: String {
        switch self {
        case .recorded: "recorded"
        case .repeated: "repeated"
        case .contradiction: "contradiction"
        case .late: "late"
        case .closed: "closed"
        }
    }
}
