/// Why a request failed, as clients read it.
enum FailureReason: String {
    /// The stored request breaks a rule of the protocol: no honest gateway has put it there.
    case invalidRequest = "invalid_request"
    /// The roster cannot fill the policy's committee.
    case tooFewNodes = "too_few_nodes"
    /// No answer won in the largest committee the policy allows.
    case noQuorum = "no_quorum"
    /// The signers did not sign the decision in time.
    case signingFailed = "signing_failed"
}
