public import Cryptography

/// A node asks to be put on the roster, and proves that it holds its key.
public struct JoinRequest: Codable, Hashable, Sendable {
    /// What the node signs.
    public var body: Body
    /// The node's signature over the body.
    public var signature: Ed25519.Signature

    /// Signs a request.
    public init(body: Body, key: Ed25519.SigningKey) throws {
        self.body = body
        signature = try body.signed(by: key)
    }

    /// What the node signs.
    public struct Body: Codable, Hashable, Sendable, Statement {
        /// `dna/join/1`.
        public static let context = "dna/join/1"
        /// How far the clock of a request that is sent may be off, in seconds.
        public static let tolerance: Int64 = 120
        /// How long an administrator may act on a request, in seconds. A node that waits repeats it.
        public static let lifetime: Int64 = 3_600
        /// The most invitations one request carries.
        public static let maximumInvitations = 16

        /// The network.
        public var network: NetworkID
        /// The node.
        public var node: Ed25519.PublicKey
        /// 1 to 16; any of them will do.
        public var invitations: [Invitation]
        /// When it was made; nobody can use an old one.
        public var at: Timestamp

        /// A request to join.
        public init(network: NetworkID, node: Ed25519.PublicKey, invitations: [Invitation], at: Timestamp) {
            self.network = network
            self.node = node
            self.invitations = invitations
            self.at = at
        }
    }

    /// Checks the form, the network and the proof of possession; not the invitations, and not the time.
    public func validate(in network: NetworkID) throws {
        try require(body.network == network, "body.network", "is not this network")
        try require(
            (1...Body.maximumInvitations).contains(body.invitations.count), "body.invitations",
            "must hold 1 to \(Body.maximumInvitations)")
        let isSigned = try body.isSigned(by: body.node, signature)
        try require(isSigned, "signature", "does not verify")
    }
}

/// A node asks to be taken off the roster.
public struct LeaveRequest: Codable, Hashable, Sendable {
    /// What the node signs.
    public var body: Body
    /// The node's signature over the body.
    public var signature: Ed25519.Signature

    /// Signs a request.
    public init(body: Body, key: Ed25519.SigningKey) throws {
        self.body = body
        signature = try body.signed(by: key)
    }

    /// What the node signs.
    public struct Body: Codable, Hashable, Sendable, Statement {
        /// `dna/leave/1`.
        public static let context = "dna/leave/1"

        /// The network.
        public var network: NetworkID
        /// The node.
        public var node: Ed25519.PublicKey
        /// When it was made; a request to join that is younger takes it back.
        public var at: Timestamp

        /// A request to leave.
        public init(network: NetworkID, node: Ed25519.PublicKey, at: Timestamp) {
            self.network = network
            self.node = node
            self.at = at
        }
    }

    /// Checks the network and the proof of possession.
    public func validate(in network: NetworkID) throws {
        try require(body.network == network, "body.network", "is not this network")
        let isSigned = try body.isSigned(by: body.node, signature)
        try require(isSigned, "signature", "does not verify")
    }
}
