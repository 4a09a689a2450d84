import CoordinatorStore
import DNAProtocol
import Logging

/// The attempts at one decision's signature.
struct SigningEffort {
    let context: DriverContext
    let lease: Lease
    let logger: Logger
    /// Nil before it was read whose shares for this request were bad.
    private var selection: SignerSelection?
    private var failures = 0

    /// The longest pause between two attempts.
    private static let longestPause: Duration = .seconds(2)

    init(context: DriverContext, lease: Lease, logger: Logger) {
        self.context = context
        self.lease = lease
        self.logger = logger
    }

    /// Tries once, and pauses when that failed with everybody who could be asked. True when the request is certified.
    mutating func attempt(_ task: SigningTask) async throws -> Bool {
        guard let known = context.keys.known else {
            try await pause()
            return false
        }
        var selection = try await chosen()
        let asked = selection.asked
        let signers = context.signers.filter { asked.contains($0.identifier) }
        let signing = GroupSigning(publicKeys: known.publicKeys, decision: task.decision, evidence: task.evidence)
        let began = ContinuousClock.now
        let outcome = try await signing.run(with: signers)
        context.metrics.signing(outcome, after: .now - began)
        switch outcome {
        case .signature(let signature):
            let certificate = Certificate(
                decision: task.decision, groupKey: known.publicKeys.groupKey, signature: signature)
            let bundle = Bundle(
                certificate: certificate, evidence: task.evidence, prompt: task.prompt, output: task.output)
            try await context.store.withLease(lease) { try await $0.certify(bundle) }
            context.metrics.transition(to: .certified)
            logger.info("certified")
            return true
        case .failed(let faults):
            for fault in faults {
                logger.warning(
                    "signer left out", metadata: ["signer": "\(fault.signer)", "reason": "\(fault.reason)"])
            }
            try await record(faults, round: task.decision.round)
            let isEnough = selection.leaveOut(faults)
            self.selection = selection
            if !isEnough { try await pause() }
            return false
        }
    }

    private func chosen() async throws -> SignerSelection {
        if let selection { return selection }
        let bad = try await context.store.withLease(lease) { try await $0.badSigners() }
        return SignerSelection(
            signers: context.signers.map(\.identifier), threshold: context.options.genesis.signers.threshold, bad: bad)
    }

    private func record(_ faults: [SignerFault], round: Int) async throws {
        let kept = faults.compactMap { fault in fault.kind.map { (fault, $0) } }
        guard !kept.isEmpty else { return }
        try await context.store.withLease(lease) { owned in
            for (fault, kind) in kept {
                try await owned.record(kind, ofSigner: fault.signer, round: round, statement: fault.statement)
            }
        }
    }

    private mutating func pause() async throws {
        let pause = min(context.options.signingPause * (1 << min(failures, 10)), Self.longestPause)
        failures += 1
        try await Task.sleep(for: pause)
    }
}
