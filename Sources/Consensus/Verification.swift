public import DNAProtocol

/// What an offline verification of a bundle found.
public struct Verification: Hashable, Sendable {
    /// How far the bundle can be trusted.
    public enum Verdict: String, Hashable, Sendable {
        /// The network of the network file decided exactly this.
        case valid
        /// Everything fits together, but without a network file nobody knows who signed.
        case selfConsistent = "self-consistent, signer unknown"
        /// Something does not fit.
        case invalid
    }

    /// One thing that was checked.
    public struct Check: Hashable, Sendable {
        /// What was checked.
        public let name: String
        /// Why it failed; nil when it holds.
        public let failure: String?
    }

    /// The checks, in order.
    public private(set) var checks: [Check] = []
    private let knowsSigner: Bool

    /// Verifies `bundle`, against the network's file when there is one.
    public init(of bundle: Bundle, networkFile: NetworkFile?) {
        knowsSigner = networkFile != nil
        let decision = bundle.certificate.decision
        check("bundle") { try require(bundle.version == 1, "version", "must be 1") }
        if let networkFile {
            check("network file") { try networkFile.validate() }
            check("network") {
                try require(
                    try networkFile.genesis.networkID() == decision.network, "decision.network",
                    "is not the network file's")
            }
            check("group key") {
                try require(
                    bundle.certificate.groupKey == networkFile.groupKey, "group_key", "is not the network file's")
            }
            check("evidence") {
                try DecisionCheck(genesis: networkFile.genesis).check(decision, evidence: bundle.evidence)
            }
        } else {
            check("evidence") { try DecisionCheck.checkConsistency(of: decision, with: bundle.evidence) }
        }
        check("signature") {
            try require(try bundle.certificate.isSelfConsistent(), "signature", "does not verify under group_key")
        }
        check("request") {
            try require(
                try bundle.evidence.request.requestID() == decision.request, "request",
                "is not the one that was decided")
        }
        check("prompt") {
            try require(try bundle.prompt.promptID() == decision.prompt, "prompt", "is not the one that was decided")
        }
        check("output") {
            try require(try bundle.output.outputID() == decision.output, "output", "is not the one that was decided")
            try Self.check(bundle.output, of: bundle)
        }
    }

    /// What the output's digest says twice has to be the same both times, and within the request's and model's limits.
    private static func check(_ output: Output, of bundle: Bundle) throws {
        let (decision, evidence) = (bundle.certificate.decision, bundle.evidence)
        let count = output.tokens.count
        try require(count == decision.tokens, "decision.tokens", "is not the output's")
        try require(output.finishReason == decision.finishReason, "decision.finish_reason", "is not the output's")
        try require(count <= evidence.request.maximumTokens, "output.tokens", "are more than the request allows")
        try require(
            output.finishReason.isRefusal
                ? count == 0 : bundle.prompt.tokens.count + count <= evidence.manifest.contextLength,
            "output.tokens", "are more than the model's context holds")
    }

    private mutating func check(_ name: String, _ body: () throws -> Void) {
        do {
            try body()
            checks.append(Check(name: name, failure: nil))
        } catch {
            checks.append(Check(name: name, failure: "\(error)"))
        }
    }

    /// How far the bundle can be trusted.
    public var verdict: Verdict {
        guard checks.allSatisfy({ $0.failure == nil }) else { return .invalid }
        return knowsSigner ? .valid : .selfConsistent
    }
}
