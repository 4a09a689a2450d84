package import DNAProtocol

/// Why a signer does not give a share. Nothing was signed, and nothing was spent but what the case says.
package enum Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The request breaks a rule; the field tells which.
    case invalid(InvalidField)
    /// The evidence rests on a roster that contradicts a known one.
    case rosterContradictory
    /// The evidence rests on an epoch that is over and unknown, or in which operators had other weights.
    case rosterSuperseded
    /// A voter is not active any more in the newest epoch, or is another operator's.
    case voterRevoked
    /// The decision was made too long ago, or in the future.
    case staleDecision
    /// Another decision for the request is on record. What was signed is signed.
    case alreadyDecided
    /// The nonces are not this signer's for this decision, or were used, or are too old: ask for new ones.
    case unknownNonces

    /// A sentence for the aggregator.
    package var description: String {
        switch self {
        case .invalid(let field): "\(field)"
        case .rosterContradictory: "the roster contradicts one this signer knows"
        case .rosterSuperseded: "the roster's epoch is over"
        case .voterRevoked: "a voter is not on the newest roster any more"
        case .staleDecision:
            "is more than \(SigningDesk.decisionTolerance) seconds ahead of this signer's clock, or more than "
                + "\(SigningDesk.decisionLifetime) behind"
        case .alreadyDecided: "another decision for this request is on record"
        case .unknownNonces: "the nonces are not known for this decision: ask for new ones"
        }
    }
}
