public import Cryptography

/// Something a node or a signer did wrong, or left undone, as an aggregator recorded it.
///
/// That it happened, and when, is the aggregator's word: a late message may have been held up, a missing one lost. What
/// proves itself is a ``Contradiction``.
public struct Fault: Codable, Hashable, Sendable {
    /// What was wrong.
    public var kind: Kind
    /// The round.
    public var round: Int
    /// The node that did it; absent when a signer did.
    public var node: Ed25519.PublicKey?
    /// The signer that did it, by its identifier; absent when a node did.
    public var signer: Int?
    /// When the aggregator recorded it.
    public var recordedAt: Timestamp
    /// What the node signed, or what the signer sent; absent when there is nothing.
    public var statement: Statement?

    enum CodingKeys: String, CodingKey {
        case kind, round, node, signer, statement
        case recordedAt = "recorded_at"
    }

    /// A fault of a node or of a signer.
    public init(
        kind: Kind, round: Int, node: Ed25519.PublicKey? = nil, signer: Int? = nil, recordedAt: Timestamp,
        statement: Statement? = nil
    ) {
        self.kind = kind
        self.round = round
        self.node = node
        self.signer = signer
        self.recordedAt = recordedAt
        self.statement = statement
    }

    /// What was wrong.
    public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        /// A node committed after the set was closed.
        case lateCommitment = "late_commitment"
        /// A node of the set did not vote until the deadline ended the round.
        case commitmentWithoutReveal = "commitment_without_reveal"
        /// A node voted after the deadline.
        case lateReveal = "late_reveal"
        /// A node signed a vote that is not what it committed to, or not for this round's set.
        case mismatchedReveal = "mismatched_reveal"
        /// A signer sent a share that does not verify.
        case badSignatureShare = "bad_signature_share"
        /// A signer answered with something that is no nonce commitment or no share.
        case malformedAnswer = "malformed_answer"
        /// A signer did not answer in time.
        case noAnswer = "no_answer"
    }

    /// What there is to show.
    public enum Statement: Hashable, Sendable {
        /// A node's signed commitment.
        case commitment(Commitment)
        /// A node's signed vote.
        case vote(Vote)
        /// A signer's share, with what it was to fit.
        case share(RecordedShare)
    }
}

/// A signer's share of a group signature with all that it takes to see whether it is right, but the decision.
public struct RecordedShare: Codable, Hashable, Sendable {
    /// What was to be signed.
    public var decision: DecisionID
    /// The nonce commitments of all who took part, by ascending identifier.
    public var commitments: [NonceReply]
    /// What the signer sent.
    public var reply: ShareReply

    /// Joins the parts.
    public init(decision: DecisionID, commitments: [NonceReply], reply: ShareReply) {
        self.decision = decision
        self.commitments = commitments
        self.reply = reply
    }
}

extension Fault.Statement: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable { case commitment, vote, share }

    /// Reads `{"commitment":…}`, `{"vote":…}` or `{"share":…}`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch CodingKeys.allCases.filter(container.contains) {
        case [.commitment]: self = .commitment(try container.decode(Commitment.self, forKey: .commitment))
        case [.vote]: self = .vote(try container.decode(Vote.self, forKey: .vote))
        case [.share]: self = .share(try container.decode(RecordedShare.self, forKey: .share))
        default:
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "must hold exactly one statement"))
        }
    }

    /// Writes the form that is read.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .commitment(let commitment): try container.encode(commitment, forKey: .commitment)
        case .vote(let vote): try container.encode(vote, forKey: .vote)
        case .share(let share): try container.encode(share, forKey: .share)
        }
    }
}

/// Everything a network's aggregators recorded against nodes and signers for one request: the answer of
/// `GET /v1/requests/{id}/evidence`.
public struct MisbehaviourReport: Codable, Hashable, Sendable {
    /// The version of this format: 1.
    public var version: Int
    /// The network.
    public var network: NetworkID
    /// The request.
    public var request: RequestID
    /// What was decided, if anything was: a share is checked against it.
    public var decision: Decision?
    /// What proves itself.
    public var contradictions: [Contradiction]
    /// What the aggregator says.
    public var faults: [Fault]

    /// Joins the parts.
    public init(
        network: NetworkID, request: RequestID, decision: Decision?, contradictions: [Contradiction], faults: [Fault]
    ) {
        version = 1
        self.network = network
        self.request = request
        self.decision = decision
        self.contradictions = contradictions
        self.faults = faults
    }
}
