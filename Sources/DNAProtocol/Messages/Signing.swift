/// The aggregator asks a signer for a nonce commitment: round one of signing.
public struct NonceRequest: Codable, Hashable, Sendable {
    /// The decision the nonces will sign.
    public var decision: DecisionID

    /// Asks for nonces for one decision.
    public init(decision: DecisionID) { self.decision = decision }
}

/// A signer's nonce commitment: two points, each 32 bytes in hexadecimal (RFC 9591, section 5.1).
public struct NonceReply: Codable, Hashable, Sendable {
    /// The signer's identifier.
    public var signer: Int
    /// The hiding nonce's commitment.
    public var hiding: String
    /// The binding nonce's commitment.
    public var binding: String

    /// A signer's commitment.
    public init(signer: Int, hiding: String, binding: String) {
        self.signer = signer
        self.hiding = hiding
        self.binding = binding
    }
}

/// The aggregator asks a signer for its signature share: round two of signing.
public struct ShareRequest: Codable, Hashable, Sendable {
    /// What is to be signed.
    public var decision: Decision
    /// What it rests on.
    public var evidence: Evidence
    /// The commitments of all signers taking part, by ascending identifier.
    public var commitments: [NonceReply]

    /// Asks for a share.
    public init(decision: Decision, evidence: Evidence, commitments: [NonceReply]) {
        self.decision = decision
        self.evidence = evidence
        self.commitments = commitments.sorted { $0.signer < $1.signer }
    }
}

/// A signer's signature share: a scalar of 32 bytes in hexadecimal (RFC 9591, section 5.2).
public struct ShareReply: Codable, Hashable, Sendable {
    /// The signer's identifier.
    public var signer: Int
    /// The share.
    public var share: String

    /// A signer's share.
    public init(signer: Int, share: String) {
        self.signer = signer
        self.share = share
    }
}

/// The newest roster epoch a signer knows: what it answers whoever brings it one.
public struct PinnedRoster: Codable, Hashable, Sendable {
    /// The signer's identifier.
    public var signer: Int
    /// The epoch's id.
    public var roster: RosterID
    /// Its number.
    public var epoch: Int
    /// The latest epoch before it whose id the signer does not know but would remember; the one after it, which names it,
    /// is wanted. Nil for none.
    public var missing: Int?

    /// Names everything.
    public init(signer: Int, roster: RosterID, epoch: Int, missing: Int? = nil) {
        self.signer = signer
        self.roster = roster
        self.epoch = epoch
        self.missing = missing
    }
}
