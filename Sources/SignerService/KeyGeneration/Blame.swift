/// Who ended a key generation, and why.
package struct Blame: Codable, Hashable, Sendable, CustomStringConvertible {
    /// Who found the fault.
    package var accuser: Int
    /// Who is at fault.
    package var culprit: Int
    /// What it did.
    package var fault: Fault
    /// The culprit's own signed messages, or the one that carried what cannot be.
    package var evidence: [KeyGenerationMessage]

    package init(accuser: Int, culprit: Int, fault: Fault, evidence: [KeyGenerationMessage]) {
        self.accuser = accuser
        self.culprit = culprit
        self.fault = fault
        self.evidence = evidence
    }

    /// What a signer can do wrong under its own signature.
    package enum Fault: String, Codable, Hashable, Sendable {
        /// A message that is not what its step asks for.
        case malformed
        /// Not as many commitments as the threshold.
        case wrongCommitmentCount = "wrong_commitment_count"
        /// The proof of knowledge does not verify.
        case invalidProof = "invalid_proof"
        /// Two different messages for one step.
        case equivocation
        /// Passed on a round-one message that its sender did not sign.
        case falseEcho = "false_echo"
        /// A sealed share that its receiver cannot open.
        case unreadableShare = "unreadable_share"
        /// A share that is not on the polynomial its sender committed to.
        case invalidShare = "invalid_share"
        /// Confirmed another outcome than the one that follows from everybody's messages.
        case differentOutcome = "different_outcome"
        /// A signature over the outcome that does not verify.
        case invalidConfirmation = "invalid_confirmation"

        var words: String {
            switch self {
            case .malformed: "sent a message that is not what its step asks for"
            case .wrongCommitmentCount: "did not commit to as many coefficients as the threshold"
            case .invalidProof: "did not prove that it knows its secret"
            case .equivocation: "signed two different messages for one step"
            case .falseEcho: "passed on a round-one message its sender did not sign"
            case .unreadableShare: "sent a share that cannot be opened"
            case .invalidShare: "sent a share that is not on its polynomial"
            case .differentOutcome: "confirmed another outcome"
            case .invalidConfirmation: "confirmed the outcome with a signature that does not verify"
            }
        }
    }

    /// `signer 3 sent a share …, says signer 1`.
    package var description: String { "signer \(culprit) \(fault.words), says signer \(accuser)" }
}
