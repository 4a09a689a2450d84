/// Everything that may influence an answer, resolved: two requests that are equal here are one request.
///
/// It holds no number made by the server, so that the server cannot draw again.
public struct Request: Codable, Hashable, Sendable, Statement {
    /// `dna/request/1`.
    public static let context = "dna/request/1"
    /// The most bytes of input.
    public static let maximumInputBytes = 1_048_576
    /// The most messages.
    public static let maximumMessages = 1_024
    /// The most stop texts.
    public static let maximumStops = 4

    /// The version of this format: 1.
    public var version: Int
    /// The network it is asked of.
    public var network: NetworkID
    /// The model it asks.
    public var model: ModelID
    /// The conversation or text to go on from.
    public var input: Input
    /// How tokens are drawn.
    public var sampling: Sampling
    /// The most tokens of the answer.
    public var maximumTokens: Int
    /// Texts at which the answer ends; up to 4.
    public var stop: [String]
    /// The noise's seed, when the client chose it.
    public var seed: Seed?
    /// The consensus rules, narrowed from the model's.
    public var policy: Policy
    /// Who asks.
    public var client: Client

    enum CodingKeys: String, CodingKey {
        case version, network, model, input, sampling, stop, seed, policy, client
        case maximumTokens = "max_tokens"
    }

    /// Puts a request together; ``validate()`` checks it.
    public init(
        network: NetworkID, model: ModelID, input: Input, sampling: Sampling, maximumTokens: Int, stop: [String] = [],
        seed: Seed? = nil, policy: Policy, client: Client = Client()
    ) {
        version = 1
        self.network = network
        self.model = model
        self.input = input
        self.sampling = sampling
        self.maximumTokens = maximumTokens
        self.stop = stop
        self.seed = seed
        self.policy = policy
        self.client = client
    }

    /// The conversation, or the text to go on from: exactly one of the two.
    public struct Input: Codable, Hashable, Sendable {
        /// A conversation, which the model's chat template turns into a prompt.
        public var messages: [Message]?
        /// A text, taken as it is.
        public var prompt: String?

        /// A conversation.
        public init(messages: [Message]) { self.messages = messages }
        /// A text.
        public init(prompt: String) { self.prompt = prompt }

        /// The bytes of what is said.
        public var byteCount: Int {
            (messages ?? []).reduce(prompt?.utf8.count ?? 0) { $0 + $1.content.utf8.count }
        }
    }

    /// One message of a conversation.
    public struct Message: Codable, Hashable, Sendable {
        /// Who speaks.
        public enum Role: String, Codable, Hashable, Sendable {
            /// Instructions.
            case system
            /// The person.
            case user
            /// The model.
            case assistant
        }

        /// Who speaks.
        public var role: Role
        /// What is said.
        public var content: String

        /// A message.
        public init(role: Role, content: String) {
            self.role = role
            self.content = content
        }
    }

    /// Who asks, as far as it tells two requests apart.
    public struct Client: Codable, Hashable, Sendable {
        /// The client's own name for this attempt: another key is another request, and so another draw.
        public var idempotencyKey: String?

        enum CodingKeys: String, CodingKey {
            case idempotencyKey = "idempotency_key"
        }

        /// Names the attempt.
        public init(idempotencyKey: String? = nil) { self.idempotencyKey = idempotencyKey }
    }

    /// Checks every rule of the format.
    public func validate() throws(InvalidField) {
        try require(version == 1, "version", "must be 1")
        try sampling.validate()
        try require((1...1_048_576).contains(maximumTokens), "max_tokens", "must be 1 to 1048576")
        try require(stop.count <= Self.maximumStops, "stop", "must hold at most \(Self.maximumStops) texts")
        for (index, text) in stop.enumerated() {
            try require((1...256).contains(text.utf8.count), "stop[\(index)]", "must be 1 to 256 bytes")
        }
        if let key = client.idempotencyKey {
            try require((1...256).contains(key.utf8.count), "idempotency_key", "must be 1 to 256 bytes")
        }
        try input.validate()
    }

    /// The request's id.
    public func requestID() throws -> RequestID { try digest() }
}

extension Request.Input {
    func validate() throws(InvalidField) {
        try require((messages == nil) != (prompt == nil), "input", "must hold either messages or a prompt")
        if let messages {
            try require(
                (1...Request.maximumMessages).contains(messages.count), "messages",
                "must hold 1 to \(Request.maximumMessages)")
            try require(byteCount <= Request.maximumInputBytes, "messages", "must be at most 1 MiB together")
        }
        if let prompt {
            try require(
                (1...Request.maximumInputBytes).contains(prompt.utf8.count), "prompt", "must be 1 byte to 1 MiB")
        }
    }
}
