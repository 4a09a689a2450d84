public import Canonical

/// 32 bytes from which all sampling noise of an answer is made.
public struct Seed: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The 32 bytes.
    public let digest: Digest

    /// Takes 32 bytes as a seed.
    public init(_ digest: Digest) { self.digest = digest }

    /// Reads 64 hexadecimal digits; nil for anything else.
    public init?(hex: String) {
        guard let digest = Digest(hex: hex) else { return nil }
        self.digest = digest
    }

    /// The seed an OpenAI integer `seed` stands for: the digest of its decimal digits, context `dna/seed/integer/1`.
    public init(integer: Int64) {
        digest = Digest.of("dna/seed/integer/1", Array(String(integer).utf8))
    }

    /// Reads the JSON form.
    public init(from decoder: any Decoder) throws { digest = try Digest(from: decoder) }

    /// Writes the JSON form.
    public func encode(to encoder: any Encoder) throws { try digest.encode(to: encoder) }

    /// 64 hexadecimal digits.
    public var description: String { digest.hex }
}

/// Where a seed comes from.
public enum SeedSource: String, Codable, Hashable, Sendable {
    /// From the request's digest. The client can grind: change the request until it likes the noise.
    case request
    /// The client chose it.
    case client
}

/// What a request's randomness is made of, all of it from the request's id.
///
/// The three values differ in their contexts only, so none of them tells another.
public struct Randomness: Hashable, Sendable {
    /// Seeds the sampling noise.
    public let seed: Seed
    /// Where the seed comes from.
    public let seedSource: SeedSource
    /// Freshens the execution trace, so that an earlier one cannot be copied.
    public let challenge: Digest
    /// Ranks the committee.
    public let ranking: Digest

    /// Derives the randomness of `request`.
    public init(of request: Request, id: RequestID) {
        let bytes = id.digest.bytes
        seed = request.seed ?? Seed(Digest.of("dna/seed/request/1", bytes))
        seedSource = request.seed == nil ? .request : .client
        challenge = Digest.of("dna/challenge/1", bytes)
        ranking = Digest.of("dna/ranking/1", bytes)
    }
}
