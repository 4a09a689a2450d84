public import Canonical
public import Cryptography

/// A node's signed answer to a request in one round.
public struct Vote: Codable, Hashable, Sendable {
    /// The answer and everything it depends on.
    public var body: Body
    /// The root of the commitment set this vote opens its commitment in.
    public var set: Digest
    /// The salt of the commitment.
    public var salt: Digest
    /// The node's signature over the body, the set and the salt.
    public var signature: Ed25519.Signature

    /// Signs a vote.
    public init(body: Body, set: Digest, salt: Digest, key: Ed25519.SigningKey) throws {
        self.body = body
        self.set = set
        self.salt = salt
        signature = try Signed(body: body, set: set, salt: salt).signed(by: key)
    }

    /// Whether the node it names signed it.
    public func isSigned() throws -> Bool {
        try Signed(body: body, set: set, salt: salt).isSigned(by: body.node, signature)
    }

    /// What the signature covers.
    struct Signed: Encodable, Statement {
        static let context = "dna/vote/1"
        var body: Body
        var set: Digest
        var salt: Digest
    }

    /// The answer and everything it depends on. Nothing in it depends on a clock, so a repeated run repeats it.
    public struct Body: Codable, Hashable, Sendable, Statement {
        /// `dna/vote-body/1`.
        public static let context = "dna/vote-body/1"

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
        /// The consensus rules.
        public var policy: Policy
        /// The noise's seed.
        public var seed: Seed
        /// Where the seed comes from.
        public var seedSource: SeedSource
        /// The round.
        public var round: Int
        /// The committee.
        public var committee: CommitteeID
        /// The node that votes.
        public var node: Ed25519.PublicKey
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

        enum CodingKeys: String, CodingKey {
            case version, network, roster, request, model, numerics, policy, seed, round, committee, node, prompt
            case output, trace, tokens
            case seedSource = "seed_source"
            case finishReason = "finish_reason"
        }

        /// `node`'s answer to `request` on `committee`.
        public init(
            request: Request, randomness: Randomness, committee: Committee, node: Ed25519.PublicKey, result: Result
        ) throws {
            version = 1
            network = request.network
            roster = committee.roster
            self.request = committee.request
            model = request.model
            numerics = Manifest.numerics
            policy = request.policy
            seed = randomness.seed
            seedSource = randomness.seedSource
            round = committee.round
            self.committee = try committee.committeeID()
            self.node = node
            prompt = result.prompt
            output = try result.output.outputID()
            trace = result.trace
            tokens = result.output.tokens.count
            finishReason = result.output.finishReason
        }
    }

    /// What a node's computation of a request comes to: the part honest nodes agree on.
    public struct Result: Codable, Hashable, Sendable {
        /// The prompt's token ids.
        public var prompt: PromptID
        /// The answer.
        public var output: Output
        /// The root of the execution trace.
        public var trace: Digest

        /// Joins the parts of a result.
        public init(prompt: PromptID, output: Output, trace: Digest) {
            self.prompt = prompt
            self.output = output
            self.trace = trace
        }
    }
}

extension Vote.Body {
    /// What two votes must share to count for the same answer: exact bytes, the trace included.
    public struct Answer: Hashable, Sendable {
        let prompt: PromptID
        let output: OutputID
        let trace: Digest
        let tokens: Int
        let finishReason: FinishReason
    }

    /// What this vote is for.
    public var answer: Answer {
        Answer(prompt: prompt, output: output, trace: trace, tokens: tokens, finishReason: finishReason)
    }
}
