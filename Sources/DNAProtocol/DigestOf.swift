public import Canonical

/// The digest of one kind of thing: a network's id cannot be passed where a request's is meant.
public struct DigestOf<Subject>: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// The 32 bytes.
    public let digest: Digest

    /// Gives a digest its meaning.
    public init(_ digest: Digest) { self.digest = digest }

    /// Reads 64 lower-case hexadecimal digits; nil for anything else.
    public init?(hex: String) {
        guard let digest = Digest(hex: hex) else { return nil }
        self.digest = digest
    }

    /// Reads a JSON string of 64 hexadecimal digits.
    public init(from decoder: any Decoder) throws { digest = try Digest(from: decoder) }

    /// Writes a JSON string of 64 hexadecimal digits.
    public func encode(to encoder: any Encoder) throws { try digest.encode(to: encoder) }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { digest.hex }

    /// The same as ``hex``.
    public var description: String { hex }

    /// Orders by bytes.
    public static func < (left: Self, right: Self) -> Bool { left.digest < right.digest }
}

/// Names a network: the digest of its genesis.
public typealias NetworkID = DigestOf<Genesis>
/// Names an epoch of the roster.
public typealias RosterID = DigestOf<Roster>
/// Names a request: the digest of everything that may influence its answer.
public typealias RequestID = DigestOf<Request>
/// Names a committee.
public typealias CommitteeID = DigestOf<Committee>
/// Names an output.
public typealias OutputID = DigestOf<Output>
/// Names a prompt.
public typealias PromptID = DigestOf<Prompt>
/// Names a decision.
public typealias DecisionID = DigestOf<Decision>
