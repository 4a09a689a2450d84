public import Canonical
public import Cryptography

/// What the network says about a request: the winning answer, and who voted for it.
public struct Decision: Codable, Hashable, Sendable, Statement {
    /// `dna/certificate/1`: a decision's signing bytes are what a certificate's signature covers.
    public static let context = "dna/certificate/1"

    /// The version of this format: 1.
    public var version: Int
    /// The network.
    public var network: NetworkID
    /// The roster epoch.
    public var roster: RosterID
    /// The request.
    public var request: RequestID
    /// The model.
    public var model: ModelID
    /// The definition of the arithmetic.
    public var numerics: String
    /// The noise's seed.
    public var seed: Seed
    /// Where the seed comes from.
    public var seedSource: SeedSource
    /// The consensus rules.
    public var policy: Policy
    /// The round that decided.
    public var round: Int
    /// That round's committee.
    public var committee: CommitteeID
    /// That round's commitment set.
    public var set: Digest
    /// The prompt's token ids.
    public var prompt: PromptID
    /// The answer.
    public var output: OutputID
    /// The root of the execution trace.
    public var trace: Digest
    /// How many tokens the answer has.
    public var tokens: Int
    /// Why it ended.
    public var finishReason: FinishReason
    /// The Merkle root over the winning votes' RFC 8785 forms, by ascending node key.
    public var votes: Digest
    /// Who cast them, by ascending key.
    public var voters: [Ed25519.PublicKey]
    /// When the aggregator decided; advisory.
    public var decidedAt: Timestamp

    enum CodingKeys: String, CodingKey {
        case version, network, roster, request, model, numerics, seed, policy, round, committee, set, prompt, output
        case trace, tokens, votes, voters
        case seedSource = "seed_source"
        case finishReason = "finish_reason"
        case decidedAt = "decided_at"
    }

    /// The decision that `winners`, votes for one answer, add up to; nil when there are none.
    public init?(winners: [Vote], set: Digest, decidedAt: Timestamp) throws {
        let winners = winners.sorted { $0.body.node < $1.body.node }
        guard let body = winners.first?.body else { return nil }
        version = 1
        network = body.network
        roster = body.roster
        request = body.request
        model = body.model
        numerics = body.numerics
        seed = body.seed
        seedSource = body.seedSource
        policy = body.policy
        round = body.round
        committee = body.committee
        self.set = set
        prompt = body.prompt
        output = body.output
        trace = body.trace
        tokens = body.tokens
        finishReason = body.finishReason
        votes = try MerkleTree(leaves: winners.map { try CanonicalJSON.encode($0) }).root
        voters = winners.map(\.body.node)
        self.decidedAt = decidedAt
    }

    /// The decision's id: the digest of the bytes that get signed.
    public func decisionID() throws -> DecisionID { try digest() }
}

/// A decision with the group's signature: one ordinary Ed25519 signature that anyone can check.
public struct Certificate: Codable, Hashable, Sendable {
    /// The decision.
    public var decision: Decision
    /// The key it is signed under.
    public var groupKey: Ed25519.PublicKey
    /// Over the decision's signing bytes.
    public var signature: Ed25519.Signature

    enum CodingKeys: String, CodingKey {
        case decision, signature
        case groupKey = "group_key"
    }

    /// Joins a decision with its signature.
    public init(decision: Decision, groupKey: Ed25519.PublicKey, signature: Ed25519.Signature) {
        self.decision = decision
        self.groupKey = groupKey
        self.signature = signature
    }

    /// Whether the signature is the named key's. Whose key that is, only a network file tells.
    public func isSelfConsistent() throws -> Bool {
        try decision.isSigned(by: groupKey, signature)
    }
}
