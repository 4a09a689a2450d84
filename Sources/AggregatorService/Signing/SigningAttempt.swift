package import Cryptography
package import DNAProtocol
package import Threshold

/// Why a signer cannot be counted on for this decision.
package struct SignerFault: Error, Hashable, Sendable {
    /// Its identifier in the genesis.
    package let signer: Int
    /// The refusal's words, or the transport's.
    package let reason: String

    /// What is recorded; nil for a refusal, which is a signer's right.
    package let kind: Fault.Kind?
    /// The share, where there is one to show.
    package let statement: Fault.Statement?

    /// A fault of `signer`.
    package init(signer: Int, reason: String, kind: Fault.Kind? = nil, statement: Fault.Statement? = nil) {
        self.signer = signer
        self.reason = reason
        self.kind = kind
        self.statement = statement
    }
}

/// One attempt at a group signature by the first t signers that answer. A value: answers go in, what to do next comes
/// out. Every attempt has fresh nonces.
package struct SigningAttempt: Sendable {
    /// What to do next.
    package enum Step: Sendable {
        /// Wait for the others who were asked.
        case wait
        /// Ask these signers for their shares, with this.
        case askForShares(ShareRequest, of: [Int])
        /// The group's signature; it verifies.
        case signature(Ed25519.Signature)
        /// There is none; these signers are why.
        case failed([SignerFault])
    }

    private let publicKeys: PublicKeyPackage
    private let decision: Decision
    private let evidence: Evidence
    private var awaited: Set<Int>
    private var promises: [NonceReply] = []
    private var commitments: [NonceCommitment] = []
    private var shares: [(reply: ShareReply, share: SignatureShare)] = []
    private var faults: [SignerFault] = []

    /// An attempt with `signers`, who are to be asked for nonces.
    package init(publicKeys: PublicKeyPackage, decision: Decision, evidence: Evidence, signers: [Int]) {
        self.publicKeys = publicKeys
        self.decision = decision
        self.evidence = evidence
        awaited = Set(signers)
    }

    /// A signer promised nonces, or did not.
    package mutating func take(
        _ answer: Result<NonceReply, SignerFault>, from signer: Int
    ) throws -> Step {
        guard promises.count < publicKeys.threshold, awaited.remove(signer) != nil else { return .wait }
        switch answer.flatMap({ reply in Self.read(reply, from: signer).map { (reply, $0) } }) {
        case .success((let reply, let commitment)):
            promises.append(reply)
            commitments.append(commitment)
        case .failure(let fault): faults.append(fault)
        }
        if promises.count == publicKeys.threshold {
            faults = []
            let chosen = promises.map(\.signer).sorted()
            awaited = Set(chosen)
            commitments.sort { $0.participant < $1.participant }
            return .askForShares(
                ShareRequest(decision: decision, evidence: evidence, commitments: promises), of: chosen)
        }
        return awaited.isEmpty ? .failed(faults) : .wait
    }

    /// A signer gave its share, or did not.
    package mutating func take(_ answer: Result<ShareReply, SignerFault>, from signer: Int) throws -> Step {
        guard awaited.remove(signer) != nil else { return .wait }
        switch answer.flatMap({ reply in Self.read(reply, from: signer).map { (reply, $0) } }) {
        case .success(let share): shares.append(share)
        case .failure(let fault): faults.append(fault)
        }
        // One that is missing makes the others' useless. They are waited for all the same, each for as long as one may
        // take, so that whoever fails is named now and not one an attempt.
        guard awaited.isEmpty else { return .wait }
        guard faults.isEmpty else { return .failed(faults) }
        let package = try SigningPackage(
            message: try decision.signingBytes(), commitments: commitments, publicKeys: publicKeys)
        switch try package.aggregate(shares.map(\.share)) {
        case .signature(let signature): return .signature(signature)
        case .culprits(let culprits):
            let bad = shares.filter { culprits.contains($0.share.participant) }.map(\.reply)
            return .failed(try bad.map(fault))
        }
    }

    private func fault(of reply: ShareReply) throws -> SignerFault {
        let recorded = RecordedShare(
            decision: try decision.decisionID(), commitments: promises.sorted { $0.signer < $1.signer }, reply: reply)
        return SignerFault(
            signer: reply.signer, reason: "bad signature share", kind: .badSignatureShare, statement: .share(recorded))
    }

    private static func read(_ reply: NonceReply, from signer: Int) -> Result<NonceCommitment, SignerFault> {
        guard reply.signer == signer, let participant = ParticipantIdentifier(reply.signer),
            let hiding = GroupElement(hex: reply.hiding), let binding = GroupElement(hex: reply.binding)
        else {
            return .failure(SignerFault(signer: signer, reason: "malformed nonce commitment", kind: .malformedAnswer))
        }
        return .success(NonceCommitment(participant: participant, hiding: hiding, binding: binding))
    }

    private static func read(_ reply: ShareReply, from signer: Int) -> Result<SignatureShare, SignerFault> {
        guard reply.signer == signer, let participant = ParticipantIdentifier(reply.signer),
            let share = Scalar(hex: reply.share)
        else {
            return .failure(SignerFault(signer: signer, reason: "malformed signature share", kind: .malformedAnswer))
        }
        return .success(SignatureShare(participant: participant, share: share))
    }
}

/// Whom to ask for a decision's signature. Signers that failed are left out as long as enough others are there; one whose
/// share was bad for the whole request, unless too few would be left.
package struct SignerSelection: Sendable {
    private let signers: [Int]
    private let threshold: Int
    private var excluded: Set<Int> = []
    private var bad: Set<Int>

    /// All of `signers`, of whom a signature takes `threshold`.
    ///
    /// - Parameter bad: those whose shares for this request did not verify before.
    package init(signers: [Int], threshold: Int, bad: Set<Int> = []) {
        self.signers = signers
        self.bad = bad
        self.threshold = threshold
    }

    /// Whom to ask now.
    package var asked: [Int] {
        let good = signers.filter { !excluded.contains($0) && !bad.contains($0) }
        return good.count < threshold ? signers.filter { !excluded.contains($0) } : good
    }

    /// Leaves these out. False when too few are left: then all are asked again, after a pause, because those that failed
    /// may have come back.
    package mutating func leaveOut(_ faults: [SignerFault]) -> Bool {
        excluded.formUnion(faults.map(\.signer))
        bad.formUnion(faults.filter { $0.kind == .badSignatureShare }.map(\.signer))
        guard asked.count < threshold else { return true }
        excluded = []
        return false
    }
}
