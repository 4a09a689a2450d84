import Cryptography
public import DNAProtocol
public import Threshold

/// What an offline verification of a report about a request's nodes and signers found.
public struct MisbehaviourVerification: Hashable, Sendable {
    /// What the report comes to.
    public enum Verdict: String, Hashable, Sendable {
        /// At least one fault is proven to anyone, and nothing in the report is false.
        case proven
        /// Nothing is false, and nothing is proven: there is the aggregator's word, or nothing.
        case notProven = "not proven"
        /// Something in the report is not what it claims to be.
        case `false`
    }

    /// One entry of the report.
    public struct Finding: Hashable, Sendable {
        /// What it comes to.
        public let verdict: Verdict
        /// A sentence for people, without its end.
        public let sentence: String
    }

    /// The entries, in order.
    public let findings: [Finding]

    /// Verifies `report`; against the network's file when there is one.
    public init(of report: MisbehaviourReport, networkFile: NetworkFile?) {
        var findings: [Finding] = []
        do {
            try Self.check(report, networkFile)
        } catch {
            findings.append(Finding(verdict: .false, sentence: "the report is not what it says: \(error)"))
        }
        findings += report.contradictions.map { Self.finding($0, report) }
        findings += report.faults.map { Self.finding($0, report, networkFile) }
        self.findings = findings
    }

    /// What the report comes to.
    public var verdict: Verdict {
        if findings.contains(where: { $0.verdict == .false }) { return .false }
        return findings.contains { $0.verdict == .proven } ? .proven : .notProven
    }

    /// The findings for people, and the verdict at the end.
    public var sentences: [String] {
        let end = findings.isEmpty ? "nothing is recorded against anybody" : verdict.rawValue
        return findings.map { "\($0.verdict.rawValue): \($0.sentence)" } + ["evidence: \(end)"]
    }

    private static func check(_ report: MisbehaviourReport, _ file: NetworkFile?) throws {
        try require(report.version == 1, "version", "must be 1")
        if let decision = report.decision {
            try require(decision.network == report.network, "decision.network", "is not the report's")
            try require(decision.request == report.request, "decision.request", "is not the report's")
        }
        guard let file else { return }
        try file.validate()
        let network = try file.genesis.networkID()
        try require(network == report.network, "network", "is not the network file's")
    }

    // MARK: Nodes

    private static func finding(_ contradiction: Contradiction, _ report: MisbehaviourReport) -> Finding {
        let place = contradiction.place
        let what =
            switch contradiction {
            case .commitments: "signed two different commitments"
            case .votes: "signed two different votes"
            case .reveal: "signed a vote that does not open the commitment it signed"
            }
        let sentence = "node \(place.node) \(what) for request \(place.request), round \(place.round)"
        do {
            try contradiction.check()
            try check(place, report)
            return Finding(verdict: .proven, sentence: sentence)
        } catch {
            return Finding(verdict: .false, sentence: "that \(sentence) (\(error))")
        }
    }

    private static func check(_ place: Contradiction.Place, _ report: MisbehaviourReport) throws {
        try require(place.network == report.network, "network", "is not the report's")
        try require(place.request == report.request, "request", "is not the report's")
    }

    private static func finding(
        _ fault: Fault, _ report: MisbehaviourReport, _ file: NetworkFile?
    ) -> Finding {
        let who = fault.node.map { "node \($0)" } ?? fault.signer.map { "signer \($0)" } ?? "nobody"
        let sentence = "\(who) \(words(fault.kind)), round \(fault.round), \(fault.recordedAt)"
        do {
            let addition = try addition(to: fault, report, file)
            return Finding(
                verdict: .notProven,
                sentence: "\(sentence); recorded by the aggregator, not provable alone\(addition)")
        } catch {
            return Finding(verdict: .false, sentence: "that \(sentence) (\(error))")
        }
    }

    private static func words(_ kind: Fault.Kind) -> String {
        switch kind {
        case .lateCommitment: "committed after the set was closed"
        case .commitmentWithoutReveal: "committed and did not vote"
        case .lateReveal: "voted after the deadline"
        case .mismatchedReveal: "signed a vote that fits neither its commitment nor the round"
        case .badSignatureShare: "sent a signature share that does not verify"
        case .malformedAnswer: "sent an answer that is not of the protocol"
        case .noAnswer: "did not answer"
        }
    }

    /// What is known beyond the aggregator's word. Throws when the statement shown is not what it should be.
    private static func addition(
        to fault: Fault, _ report: MisbehaviourReport, _ file: NetworkFile?
    ) throws -> String {
        try require((fault.node == nil) != (fault.signer == nil), "fault", "must name a node or a signer")
        switch fault.statement {
        case nil: return ""
        case .commitment(let commitment):
            try check(commitment.place, of: fault, report)
            try require(try commitment.isSigned(), "statement.commitment.signature", "does not verify")
            return ", with the commitment it signed"
        case .vote(let vote):
            try check(vote.place, of: fault, report)
            try require(try vote.isSigned(), "statement.vote.signature", "does not verify")
            return ", with the vote it signed"
        case .share(let share):
            guard let file, let decision = report.decision else { return "; its share was not checked" }
            try require(fault.signer == share.reply.signer, "statement.share.reply.signer", "is not the fault's")
            try require(try decision.decisionID() == share.decision, "statement.share.decision", "is not the report's")
            let isBad = try !share.isValid(for: decision, in: file)
            try require(isBad, "statement.share", "verifies")
            return "; that the share is bad was checked"
        }
    }

    private static func check(
        _ place: Contradiction.Place, of fault: Fault, _ report: MisbehaviourReport
    ) throws {
        try check(place, report)
        try require(place.node == fault.node, "statement.node", "is not the fault's")
        try require(place.round == fault.round, "statement.round", "is not the fault's")
    }
}

extension RecordedShare {
    /// Whether the share is right, for the commitments it was made with. Throws ``InvalidField`` when these are no
    /// signing of this network, so that the share says nothing about its signer.
    public func isValid(for decision: Decision, in file: NetworkFile) throws -> Bool {
        let keys = try file.keyGeneration.publicKeys()
        try require(commitments.count <= file.genesis.signers.members.count, "commitments", "are more than signers")
        let commitments = try commitments.enumerated().map { index, reply in
            guard let participant = ParticipantIdentifier(reply.signer), let hiding = GroupElement(hex: reply.hiding),
                let binding = GroupElement(hex: reply.binding)
            else { throw InvalidField("commitments[\(index)]", "is no nonce commitment") }
            return NonceCommitment(participant: participant, hiding: hiding, binding: binding)
        }
        let message = try decision.signingBytes()
        do throws(ThresholdError) {
            let package = try SigningPackage(message: message, commitments: commitments, publicKeys: keys)
            guard let participant = ParticipantIdentifier(reply.signer), let share = Scalar(hex: reply.share) else {
                return false
            }
            return try package.isValid(SignatureShare(participant: participant, share: share))
        } catch {
            throw InvalidField("commitments", "\(error)")
        }
    }
}

extension KeyGenerationOutcome {
    /// The outcome's keys as threshold signing takes them. Throws unless they belong together.
    public func publicKeys() throws -> PublicKeyPackage {
        var shares: [ParticipantIdentifier: GroupElement] = [:]
        for (index, key) in verifyingShares.enumerated() {
            guard let participant = ParticipantIdentifier(index + 1) else { continue }
            shares[participant] = GroupElement(key)
        }
        return try PublicKeyPackage(groupKey: groupKey, threshold: threshold, verifyingShares: shares)
    }
}
