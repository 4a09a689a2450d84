package import Cryptography

/// A participant's place in the group: 1…65535, never 0, where the secret lies (RFC 9591, 4.2).
public struct ParticipantIdentifier: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number.
    public let number: UInt16

    /// `nil` for 0 and what does not fit 16 bits.
    public init?(_ number: Int) {
        guard let number = UInt16(exactly: number), number > 0 else { return nil }
        self.number = number
    }

    /// The x coordinate.
    package var scalar: Scalar { Scalar(number) }

    /// The number in decimal.
    public var description: String { number.description }

    /// By number.
    public static func < (left: ParticipantIdentifier, right: ParticipantIdentifier) -> Bool {
        left.number < right.number
    }
}

extension ParticipantIdentifier: Codable {
    /// Reads an integer; 0 is refused.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let identifier = ParticipantIdentifier(try container.decode(Int.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a participant number from 1 to 65535")
        }
        self = identifier
    }

    /// Writes an integer.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}

extension Collection where Element == ParticipantIdentifier {
    /// Throws ``ThresholdError/notStrictlyAscending``: a list that is not says one participant twice, or has two
    /// spellings.
    func requireStrictlyAscending() throws(ThresholdError) {
        guard zip(self, dropFirst()).allSatisfy({ $0 < $1 }) else { throw .notStrictlyAscending }
    }
}
