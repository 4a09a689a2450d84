public import Cryptography

/// Two statements that one node signed and that no honest node signs both of: proof to anyone, whoever shows it.
///
/// A node commits and votes at most once for a request and round, and its vote opens its commitment. Nothing in either
/// depends on a clock, so a crash and a retry repeat the same bytes.
public enum Contradiction: Hashable, Sendable {
    /// Two different commitments for one request and round.
    case commitments(Commitment, Commitment)
    /// Two different votes for one request and round.
    case votes(Vote, Vote)
    /// A vote that does not open the commitment made before.
    case reveal(Commitment, Vote)

    /// Which of the three it is, as it is stored.
    public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        /// ``Contradiction/commitments(_:_:)``.
        case commitments
        /// ``Contradiction/votes(_:_:)``.
        case votes
        /// ``Contradiction/reveal(_:_:)``.
        case reveal
    }

    /// Who contradicted itself, and where.
    public struct Place: Hashable, Sendable {
        /// The network.
        public let network: NetworkID
        /// The request.
        public let request: RequestID
        /// The round.
        public let round: Int
        /// The node.
        public let node: Ed25519.PublicKey
    }

    /// Which of the three it is.
    public var kind: Kind {
        switch self {
        case .commitments: .commitments
        case .votes: .votes
        case .reveal: .reveal
        }
    }

    /// Where the first statement was made; in a valid contradiction also the second.
    public var place: Place { places.first }

    private var places: (first: Place, second: Place) {
        switch self {
        case .commitments(let first, let second): (first.place, second.place)
        case .votes(let first, let second): (first.place, second.place)
        case .reveal(let commitment, let vote): (commitment.place, vote.place)
        }
    }

    /// Checks, with nothing else at hand, that one node signed both and that they contradict each other. Throws
    /// ``InvalidField`` with the rule that is broken.
    public func check() throws {
        let (first, second) = places
        try require(first.node == second.node, "node", "is not the same in both statements")
        try require(first.network == second.network, "network", "is not the same in both statements")
        try require(first.request == second.request, "request", "is not the same in both statements")
        try require(first.round == second.round, "round", "is not the same in both statements")
        switch self {
        case .commitments(let first, let second):
            try require(first.body != second.body, "commitments", "say the same")
            try Self.requireSigned(first, "commitments[0]")
            try Self.requireSigned(second, "commitments[1]")
        case .votes(let first, let second):
            try require(!first.saysTheSame(as: second), "votes", "say the same")
            try Self.requireSigned(first, "votes[0]")
            try Self.requireSigned(second, "votes[1]")
        case .reveal(let commitment, let vote):
            let isOpened = try vote.opens(commitment)
            try require(!isOpened, "vote", "opens the commitment")
            try Self.requireSigned(commitment, "commitment")
            try Self.requireSigned(vote, "vote")
        }
    }

    private static func requireSigned(_ commitment: Commitment, _ field: String) throws {
        let isSigned = try commitment.isSigned()
        try require(commitment.body.version == 1, "\(field).version", "must be 1")
        try require(isSigned, "\(field).signature", "does not verify")
    }

    private static func requireSigned(_ vote: Vote, _ field: String) throws {
        let isSigned = try vote.isSigned()
        try require(vote.body.version == 1, "\(field).version", "must be 1")
        try require(isSigned, "\(field).signature", "does not verify")
    }
}

extension Contradiction: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable { case commitments, votes, commitment, vote }

    /// Reads `{"commitments":[…,…]}`, `{"votes":[…,…]}` or `{"commitment":…,"vote":…}`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func pair<Value: Decodable>(_ key: CodingKeys, of type: Value.Type) throws -> (Value, Value) {
            let values = try container.decode([Value].self, forKey: key)
            guard values.count == 2 else {
                throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: "must hold two")
            }
            return (values[0], values[1])
        }
        switch CodingKeys.allCases.filter(container.contains) {
        case [.commitments]:
            let (first, second) = try pair(.commitments, of: Commitment.self)
            self = .commitments(first, second)
        case [.votes]:
            let (first, second) = try pair(.votes, of: Vote.self)
            self = .votes(first, second)
        case [.commitment, .vote]:
            self = .reveal(
                try container.decode(Commitment.self, forKey: .commitment),
                try container.decode(Vote.self, forKey: .vote))
        default:
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "must hold two statements of one kind"))
        }
    }

    /// Writes the form that is read.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .commitments(let first, let second): try container.encode([first, second], forKey: .commitments)
        case .votes(let first, let second): try container.encode([first, second], forKey: .votes)
        case .reveal(let commitment, let vote):
            try container.encode(commitment, forKey: .commitment)
            try container.encode(vote, forKey: .vote)
        }
    }
}

extension Commitment {
    /// Whether the node it names signed it.
    public func isSigned() throws -> Bool { try body.isSigned(by: body.node, signature) }

    /// Who says it, and where.
    public var place: Contradiction.Place {
        .init(network: body.network, request: body.request, round: body.round, node: body.node)
    }
}

extension Vote {
    /// Who says it, and where.
    public var place: Contradiction.Place {
        .init(network: body.network, request: body.request, round: body.round, node: body.node)
    }

    /// Whether both sign the same, by whatever signature: a signature made again may differ in its bytes.
    public func saysTheSame(as other: Vote) -> Bool {
        body == other.body && set == other.set && salt == other.salt
    }

    /// Whether this vote's body and salt are what `commitment` promised.
    public func opens(_ commitment: Commitment) throws -> Bool {
        try Opening(vote: body, salt: salt).digest() == commitment.body.opening
    }
}
