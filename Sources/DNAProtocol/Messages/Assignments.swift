public import Cryptography

/// A worker asks for work, and waits for it.
public struct AssignmentPoll: Codable, Hashable, Sendable {
    /// What the node signs.
    public var body: Body
    /// The node's signature over the body.
    public var signature: Ed25519.Signature

    /// Signs a poll.
    public init(body: Body, key: Ed25519.SigningKey) throws {
        self.body = body
        signature = try body.signed(by: key)
    }

    /// What the node signs.
    public struct Body: Codable, Hashable, Sendable, Statement {
        /// `dna/assignment-poll/1`.
        public static let context = "dna/assignment-poll/1"
        /// How far a poll's clock may be off, in seconds.
        public static let tolerance: Int64 = 120
        /// The longest wait, in seconds.
        public static let maximumWait = 60
        /// The most models one worker serves.
        public static let maximumModels = 64
        /// The most assignments one poll refuses.
        public static let maximumRefused = 64
        /// The most assignments one node works on at a time.
        public static let maximumInHand = 64

        /// The network.
        public var network: NetworkID
        /// The node.
        public var node: Ed25519.PublicKey
        /// The models it has loaded.
        public var models: [ModelID]
        /// How long to wait for work before answering with none, in seconds.
        public var wait: Int
        /// When it was made; an old poll cannot be used by somebody else.
        public var at: Timestamp
        /// Assignments the node will not take, which are not sent to it again; at most 64, absent for none.
        public var refused: [AssignmentPlace]?
        /// Assignments the node works on, which are not sent to it again by this poll; at most 64, absent for none.
        public var inHand: [AssignmentPlace]?

        /// A poll.
        public init(network: NetworkID, node: Ed25519.PublicKey, models: [ModelID], wait: Int, at: Timestamp) {
            self.network = network
            self.node = node
            self.models = models
            self.wait = wait
            self.at = at
        }

        private enum CodingKeys: String, CodingKey {
            case network, node, models, wait, at, refused
            case inHand = "in_hand"
        }
    }
}

/// One round of a request.
public struct AssignmentPlace: Codable, Hashable, Sendable, Comparable {
    /// The request.
    public var request: RequestID
    /// The round, from 1.
    public var round: Int

    /// Names a round.
    public init(request: RequestID, round: Int) {
        self.request = request
        self.round = round
    }

    /// By request, then round.
    public static func < (left: Self, right: Self) -> Bool {
        (left.request, left.round) < (right.request, right.round)
    }
}

/// Work for one member of a committee. Sent again until the member has committed, has refused it, or says that it is in
/// hand.
public struct Assignment: Codable, Hashable, Sendable {
    /// The request, in full.
    public var request: Request
    /// The committee.
    public var committee: Committee
    /// When commitments close.
    public var deadline: Timestamp

    /// An assignment.
    public init(request: Request, committee: Committee, deadline: Timestamp) {
        self.request = request
        self.committee = committee
        self.deadline = deadline
    }
}

/// A vote on its way to the aggregator, with what it is for.
public struct VoteSubmission: Codable, Hashable, Sendable {
    /// The vote.
    public var vote: Vote
    /// The prompt as the model read it.
    public var prompt: Prompt
    /// The answer.
    public var output: Output

    /// A vote with its answer.
    public init(vote: Vote, prompt: Prompt, output: Output) {
        self.vote = vote
        self.prompt = prompt
        self.output = output
    }
}
