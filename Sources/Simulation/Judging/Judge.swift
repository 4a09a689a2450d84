import Canonical
import Consensus
import Cryptography
import DNAProtocol

/// Something that must never happen, and did.
package struct Violation: Hashable, Sendable, CustomStringConvertible {
    /// Which promise was broken.
    package enum Invariant: String, Hashable, Sendable, CaseIterable {
        /// A signature stands under an answer no honest node computed.
        case falseCertificate = "a false certificate"
        /// Two decisions for one request can be signed.
        case twoDecisions = "two decisions signed for a request"
        /// A request did not end.
        case unended = "a request did not end"
        /// An honest quorum could be reached, and gave no certificate.
        case unanswered = "an honest quorum gave no certificate"
        /// An honest signer used a nonce twice.
        case nonceReuse = "a nonce used twice"
        /// An honest signer went back an epoch.
        case epochBack = "a signer went back an epoch"
        /// A vote of a revoked node counted.
        case revokedVote = "a revoked node's vote counted"
        /// A vote counted that does not open its commitment.
        case unopenedVote = "a vote that opens no commitment counted"
        /// A node counted in a request in which it had contradicted itself.
        case contradictedNode = "a node that contradicted itself counted"
        /// An honest node was accused of a contradiction, or somebody of none.
        case falseAccusation = "a contradiction that is none"
        /// A commitment or a vote counted that its honest node never made.
        case forgedStatement = "a statement counted that its node never made"
        /// A signer signed a decision that was not made yet.
        case futureDecision = "a decision from the future"
        /// An honest node said two things where it may say one.
        case honestContradiction = "an honest node contradicted itself"
        /// A constraint of the database fired.
        case constraint = "a constraint of the database fired"
        /// A certificate does not verify offline.
        case unverifiable = "a certificate that does not verify"
        /// An honest part failed in a way nobody foresaw.
        case unexpected = "an unexpected error"
    }

    /// Which.
    package let invariant: Invariant
    /// What about it.
    package let detail: String

    /// `a false certificate: …`.
    package var description: String { "\(invariant.rawValue): \(detail)" }
}

/// Watches everything, believes nobody, and takes no part.
struct Judge {
    private(set) var violations: [Violation] = []
    private var released: [ReleaseKey: Set<Int>] = [:]
    private var usedNonces: [NonceReply: ReleaseKey] = [:]
    private var assembled: [RequestID: Set<DecisionID>] = [:]
    private var statements: [StatementKey: Digest] = [:]
    private var epochs: [Int: Int] = [:]
    /// Seconds: what signers allow, and how far their clocks may be off.
    private static let clockTolerance: Int64 = 150
    private let threshold: Int
    private let traitors: Set<Int>
    private let honest: [Ed25519.PublicKey: Int]

    struct ReleaseKey: Hashable {
        let decision: DecisionID
        let commitments: [NonceReply]
    }

    private struct StatementKey: Hashable {
        let worker: Int
        let request: RequestID
        let round: Int
        let kind: String
    }

    /// - Parameter honest: the honest nodes' numbers.
    init(threshold: Int, traitors: Set<Int>, honest: [Ed25519.PublicKey: Int]) {
        self.threshold = threshold
        self.traitors = traitors
        self.honest = honest
    }

    mutating func report(_ invariant: Violation.Invariant, _ detail: String) {
        let violation = Violation(invariant: invariant, detail: detail)
        if !violations.contains(violation) { violations.append(violation) }
    }

    /// An honest signer gave its share.
    mutating func released(
        by signer: Int, _ request: ShareRequest, truth: OutputID, revoked: Bool, at now: Timestamp
    ) throws {
        let key = ReleaseKey(decision: try request.decision.decisionID(), commitments: request.commitments)
        if let own = request.commitments.first(where: { $0.signer == signer }) {
            if let earlier = usedNonces[own], earlier != key { report(.nonceReuse, "signer \(signer)") }
            usedNonces[own] = key
        }
        if revoked { report(.revokedVote, "signer \(signer) counted it") }
        if request.decision.decidedAt > now + Self.clockTolerance { report(.futureDecision, "signer \(signer)") }
        released[key, default: []].insert(signer)
        // Malicious signers add theirs to whatever honest ones have signed with them.
        let missing = request.commitments.map(\.signer).filter {
            !traitors.contains($0) && released[key]?.contains($0) != true
        }
        if missing.isEmpty, request.commitments.count >= threshold {
            try signed(request.decision, truth: truth)
            try opened(request.evidence)
            try counted(request.evidence)
        }
    }

    /// The group's signature stands under `decision`, or could be put there by anybody.
    mutating func signed(_ decision: Decision, truth: OutputID) throws {
        if decision.output != truth { report(.falseCertificate, "request \(decision.request.hex.prefix(8))") }
        assembled[decision.request, default: []].insert(try decision.decisionID())
        if let count = assembled[decision.request]?.count, count > 1 {
            report(.twoDecisions, "request \(decision.request.hex.prefix(8))")
        }
    }

    private mutating func opened(_ evidence: Evidence) throws {
        for vote in evidence.votes {
            let opening = try Opening(vote: vote.body, salt: vote.salt).digest()
            if evidence.set.commitment(of: vote.body.node)?.body.opening != opening {
                report(.unopenedVote, "round \(evidence.committee.round)")
            }
        }
    }

    /// Honest nodes' statements are those they made, whatever the signatures beside them.
    private mutating func counted(_ evidence: Evidence) throws {
        for vote in evidence.votes {
            let body = vote.body
            try counted("vote", of: body.node, body.request, body.round, Digest.of("said", canonical: vote))
        }
        for commitment in evidence.set.commitments {
            let body = commitment.body
            try counted("commitment", of: body.node, body.request, body.round, Digest.of("said", canonical: commitment))
        }
    }

    private mutating func counted(
        _ kind: String, of node: Ed25519.PublicKey, _ request: RequestID, _ round: Int, _ digest: Digest
    ) {
        guard let worker = honest[node] else { return }
        let key = StatementKey(worker: worker, request: request, round: round, kind: kind)
        if statements[key] != digest { report(.forgedStatement, "worker \(worker), \(kind), round \(round)") }
    }

    /// A contradiction is on record.
    mutating func accused(_ contradiction: Contradiction) {
        let node = contradiction.place.node
        if let worker = honest[node] { report(.falseAccusation, "worker \(worker)") }
        do { try contradiction.check() } catch { report(.falseAccusation, "\(error)") }
    }

    /// An owner wrote down a decision, knowing of these nodes' contradictions.
    mutating func decided(_ evidence: Evidence, contradicted: Set<Ed25519.PublicKey>) {
        for vote in evidence.votes where contradicted.contains(vote.body.node) {
            report(.contradictedNode, "its vote, round \(evidence.committee.round)")
        }
    }

    /// An honest worker sent a signed statement.
    mutating func said(by worker: Int, _ kind: String, _ request: RequestID, _ round: Int, _ digest: Digest) {
        let key = StatementKey(worker: worker, request: request, round: round, kind: kind)
        if let earlier = statements[key], earlier != digest {
            report(.honestContradiction, "worker \(worker), \(kind), round \(round)")
        }
        statements[key] = digest
    }

    /// An honest signer uses this epoch from now on.
    mutating func pinned(_ epoch: Int, by signer: Int) {
        if let earlier = epochs[signer], epoch < earlier { report(.epochBack, "signer \(signer)") }
        epochs[signer] = max(epoch, epochs[signer] ?? 0)
    }

    func pinnedEpoch(of signer: Int) -> Int { epochs[signer] ?? 1 }
}
