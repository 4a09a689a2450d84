public import Canonical
public import Cryptography

/// A node's promise of a vote, made before it can see anybody else's.
public struct Commitment: Codable, Hashable, Sendable {
    /// What the node signs.
    public var body: Body
    /// The node's signature over the body.
    public var signature: Ed25519.Signature

    /// Joins a body with its signature.
    public init(body: Body, signature: Ed25519.Signature) {
        self.body = body
        self.signature = signature
    }

    /// What the node signs.
    public struct Body: Codable, Hashable, Sendable, Statement {
        /// `dna/commitment/1`.
        public static let context = "dna/commitment/1"

        /// The version of this format: 1.
        public var version: Int
        /// The network.
        public var network: NetworkID
        /// The request.
        public var request: RequestID
        /// The round.
        public var round: Int
        /// The committee the node believes it is on.
        public var committee: CommitteeID
        /// The node.
        public var node: Ed25519.PublicKey
        /// The digest of the opening: of the vote's body and a salt.
        public var opening: DigestOf<Opening>

        /// A commitment to an opening.
        public init(
            network: NetworkID, request: RequestID, round: Int, committee: CommitteeID, node: Ed25519.PublicKey,
            opening: DigestOf<Opening>
        ) {
            version = 1
            self.network = network
            self.request = request
            self.round = round
            self.committee = committee
            self.node = node
            self.opening = opening
        }
    }
}

/// What a commitment hides: the digest of the vote's body, and the salt that keeps it from being guessed.
public struct Opening: Codable, Hashable, Sendable, Statement {
    /// `dna/opening/1`.
    public static let context = "dna/opening/1"

    /// The network.
    public var network: NetworkID
    /// The request.
    public var request: RequestID
    /// The round.
    public var round: Int
    /// The node.
    public var node: Ed25519.PublicKey
    /// The digest of the vote's body.
    public var vote: DigestOf<Vote.Body>
    /// 32 bytes only the node could have made.
    public var salt: Digest

    /// The opening of `vote` with `salt`.
    public init(vote: Vote.Body, salt: Digest) throws {
        network = vote.network
        request = vote.request
        round = vote.round
        node = vote.node
        self.vote = try vote.digest()
        self.salt = salt
    }
}

/// The commitments of a round, closed: nobody joins it afterwards, and votes name its root.
public struct CommitmentSet: Codable, Hashable, Sendable {
    /// The round.
    public var round: Int
    /// The commitments, by ascending node key.
    public var commitments: [Commitment]

    /// Closes a set.
    public init(round: Int, commitments: [Commitment]) {
        self.round = round
        self.commitments = commitments.sorted { $0.body.node < $1.body.node }
    }

    /// The Merkle root over the commitments' RFC 8785 forms.
    public func root() throws -> Digest {
        try MerkleTree(leaves: commitments.map { try CanonicalJSON.encode($0) }).root
    }

    /// The commitment of `node`.
    public func commitment(of node: Ed25519.PublicKey) -> Commitment? {
        commitments.first { $0.body.node == node }
    }
}
