package import Cryptography
package import DNAProtocol
package import Threshold

/// Why a signer cannot be counted on for this decision.
package struct SignerFault: Error, Hashable, Sendable {
    /// Its identifier in the genesis.
    package let signer: Int
    /// The refusal's words, or the transport's.
    package let reason: String

    /// A fault of `signer`.
    package init(signer: Int, reason: String) {
        self.signer = signer
        self.reason = reason
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
    private var shares: [SignatureShare] = []
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
        switch answer.flatMap({ Self.read($0, from: signer) }) {
        case .success(let share): shares.append(share)
        // One that is missing makes the others' useless: another subset needs fresh nonces.
        case .failure(let fault): return .failed([fault])
        }
        guard awaited.isEmpty else { return .wait }
        let package = try SigningPackage(
            message: try decision.signingBytes(), commitments: commitments, publicKeys: publicKeys)
        switch try package.aggregate(shares) {
        case .signature(let signature): return .signature(signature)
        case .culprits(let culprits):
            return .failed(culprits.map { SignerFault(signer: Int($0.number), reason: "bad signature share") })
        }
    }

    private static func read(_ reply: NonceReply, from signer: Int) -> Result<NonceCommitment, SignerFault> {
        guard reply.signer == signer, let participant = ParticipantIdentifier(reply.signer),
            let hiding = GroupElement(hex: reply.hiding), let binding = GroupElement(hex: reply.binding)
        else { return .failure(SignerFault(signer: signer, reason: "malformed nonce commitment")) }
        return .success(NonceCommitment(participant: participant, hiding: hiding, binding: binding))
    }

    private static func read(_ reply: ShareReply, from signer: Int) -> Result<SignatureShare, SignerFault> {
        guard reply.signer == signer, let participant = ParticipantIdentifier(reply.signer),
            let share = Scalar(hex: reply.share)
        else { return .failure(SignerFault(signer: signer, reason: "malformed signature share")) }
        return .success(SignatureShare(participant: participant, share: share))
    }
}

/// Whom to ask for a decision's signature: signers that failed are left out as long as enough others are there.
package struct SignerSelection: Sendable {
    private let signers: [Int]
    private let threshold: Int
    private var excluded: Set<Int> = []

    /// All of `signers`, of whom a signature takes `threshold`.
    package init(signers: [Int], threshold: Int) {
        self.signers = signers
        self.threshold = threshold
    }

    /// Whom to ask now.
    package var asked: [Int] { signers.filter { !excluded.contains($0) } }

    /// Leaves these out. False when too few are left: then all are asked again, after a pause, because those that failed
    /// may have come back.
    package mutating func leaveOut(_ faults: [SignerFault]) -> Bool {
        excluded.formUnion(faults.map(\.signer))
        guard asked.count < threshold else { return true }
        excluded = []
        return false
    }
}
