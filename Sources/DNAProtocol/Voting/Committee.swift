public import Cryptography

/// The nodes asked to answer a request in one round, by ascending rank.
public struct Committee: Codable, Hashable, Sendable, Statement {
    /// `dna/committee/1`.
    public static let context = "dna/committee/1"
    /// The most members a committee may have, on any network.
    public static let maximumMembers = 64
    /// How many members a round has more than the one before.
    public static let growth = 2
    /// The last round there may be.
    public static let maximumRound = 64

    /// The version of this format: 1.
    public var version: Int
    /// The network.
    public var network: NetworkID
    /// The roster epoch it was chosen from.
    public var roster: RosterID
    /// The request.
    public var request: RequestID
    /// Counts up from 1. A later round's committee holds every member of the ones before.
    public var round: Int
    /// The members, by ascending rank.
    public var members: [Member]

    /// Names a committee.
    public init(network: NetworkID, roster: RosterID, request: RequestID, round: Int, members: [Member]) {
        version = 1
        self.network = network
        self.roster = roster
        self.request = request
        self.round = round
        self.members = members
    }

    /// A node on a committee.
    public struct Member: Codable, Hashable, Sendable {
        /// The node.
        public var node: Ed25519.PublicKey
        /// Its operator.
        public var `operator`: String
        /// Its place in the request's ranking of the roster, from 0.
        public var rank: Int

        /// Names a member.
        public init(node: Ed25519.PublicKey, operator: String, rank: Int) {
            self.node = node
            self.operator = `operator`
            self.rank = rank
        }
    }

    /// The member that is `node`.
    public func member(_ node: Ed25519.PublicKey) -> Member? { members.first { $0.node == node } }

    /// The committee's id.
    public func committeeID() throws -> CommitteeID { try digest() }
}
