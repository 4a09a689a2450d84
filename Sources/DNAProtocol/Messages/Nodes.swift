public import Cryptography

/// Where a node stands, as an aggregator tells it.
public struct NodeStanding: Codable, Hashable, Sendable {
    /// Whether the node may work.
    public enum Status: String, Codable, Hashable, Sendable {
        /// It has asked, and waits for an administrator.
        case pending
        /// It is on the roster.
        case active
        /// It has left.
        case left
        /// It is shut out.
        case revoked
    }

    /// The node.
    public var node: Ed25519.PublicKey
    /// Whether it may work.
    public var status: Status
    /// Its operator, once it is on the roster.
    public var `operator`: String?
    /// The newest roster epoch.
    public var roster: RosterID
    /// The newest epoch's number.
    public var epoch: Int
    /// Its certificate over its node key, PEM, once the network's authority has issued one.
    public var certificate: String?

    /// Names everything.
    public init(
        node: Ed25519.PublicKey, status: Status, operator: String?, roster: RosterID, epoch: Int, certificate: String?
    ) {
        self.node = node
        self.status = status
        self.operator = `operator`
        self.roster = roster
        self.epoch = epoch
        self.certificate = certificate
    }
}

/// What became of a roster epoch that an administrator sent.
public struct RosterReceipt: Codable, Hashable, Sendable {
    /// Whether the epoch is the newest.
    public enum State: String, Codable, Hashable, Sendable {
        /// Enough administrators have signed: it is the newest.
        case published
        /// It waits for more signatures.
        case proposed
    }

    /// The epoch's id.
    public var roster: RosterID
    /// Its number.
    public var epoch: Int
    /// Whether it is the newest.
    public var state: State
    /// How many administrators have signed it.
    public var signatures: Int
    /// The signers that a published epoch could not be brought to yet, as the aggregator says; absent for none.
    public var missed: [Int]?

    /// Names everything.
    public init(roster: RosterID, epoch: Int, state: State, signatures: Int, missed: [Int]? = nil) {
        self.roster = roster
        self.epoch = epoch
        self.state = state
        self.signatures = signatures
        self.missed = missed
    }
}

/// Epochs that wait for more signatures.
public struct RosterProposals: Codable, Hashable, Sendable {
    /// Those that may follow the newest epoch.
    public var proposals: [SignedRoster]

    /// A list.
    public init(proposals: [SignedRoster]) { self.proposals = proposals }
}

/// What nodes ask of the administrators.
public struct NodeApplications: Codable, Hashable, Sendable {
    /// Grows with every change, whatever became of it since.
    public var position: Int
    /// Nodes that want to join and are not on the roster, the longest waiting first.
    public var joins: [JoinRequest]
    /// Nodes on the roster that want to leave.
    public var leaves: [LeaveRequest]

    /// Names everything.
    public init(position: Int, joins: [JoinRequest], leaves: [LeaveRequest]) {
        self.position = position
        self.joins = joins
        self.leaves = leaves
    }
}

/// What an aggregator knows about a node beyond the roster.
public struct NodeReport: Codable, Hashable, Sendable {
    /// The node.
    public var node: Ed25519.PublicKey
    /// The models it serves, as it said itself.
    public var models: [ModelID]
    /// When it was heard from last; absent for never.
    public var lastSeen: Timestamp?
    /// What its certificate's time is; absent without one.
    public var certificate: CertificateTimes?

    enum CodingKeys: String, CodingKey {
        case node, models, certificate
        case lastSeen = "last_seen"
    }

    /// Names everything.
    public init(node: Ed25519.PublicKey, models: [ModelID], lastSeen: Timestamp?, certificate: CertificateTimes?) {
        self.node = node
        self.models = models
        self.lastSeen = lastSeen
        self.certificate = certificate
    }

    /// When a certificate is good.
    public struct CertificateTimes: Codable, Hashable, Sendable {
        /// From then.
        public var issuedAt: Timestamp
        /// Until then.
        public var expiresAt: Timestamp

        enum CodingKeys: String, CodingKey {
            case issuedAt = "issued_at"
            case expiresAt = "expires_at"
        }

        /// Names both.
        public init(issuedAt: Timestamp, expiresAt: Timestamp) {
            self.issuedAt = issuedAt
            self.expiresAt = expiresAt
        }
    }
}

/// What an aggregator knows about all nodes.
public struct NodeReports: Codable, Hashable, Sendable {
    /// By ascending key.
    public var nodes: [NodeReport]

    /// A list.
    public init(nodes: [NodeReport]) { self.nodes = nodes }
}

/// A certificate for a node, as the network's authority issued it.
public struct NodeCertificate: Codable, Hashable, Sendable {
    /// The most bytes of one.
    public static let maximumBytes = 16_384

    /// PEM.
    public var certificate: String
    /// When it is good.
    public var times: NodeReport.CertificateTimes

    /// Names everything.
    public init(certificate: String, times: NodeReport.CertificateTimes) {
        self.certificate = certificate
        self.times = times
    }
}
