/// Where a request stands.
public enum RequestState: String, Codable, Hashable, Sendable, CaseIterable {
    /// It is there, and nobody has begun.
    case accepted
    /// Its noise's seed is fixed.
    case seeded
    /// A committee works on it.
    case assigned
    /// The commitments are closed, and votes open them.
    case voting
    /// The votes decided; the signature is being made.
    case decided
    /// Its certificate is there.
    case certified
    /// It ended without an answer; the record says why.
    case failed
    /// It was called off.
    case cancelled
    /// Its time was over.
    case expired

    /// Whether nothing happens any more unless it is asked again.
    public var isFinal: Bool {
        switch self {
        case .accepted, .seeded, .assigned, .voting, .decided: false
        case .certified, .failed, .cancelled, .expired: true
        }
    }
}
