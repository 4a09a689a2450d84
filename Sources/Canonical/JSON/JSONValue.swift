/// A JSON value (RFC 8259).
///
/// Keys and strings compare as Swift strings do, so two keys that differ only in Unicode normalisation count as
/// duplicates and are refused when parsed.
public enum JSONValue: Hashable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number written without fraction and exponent.
    case integer(Int64)
    /// Any other number; always finite when parsed.
    case number(Double)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object; the order of the keys carries no meaning.
    case object([String: JSONValue])

    /// Above this magnitude an integer may not survive other implementations (RFC 7493, 2.2): 2⁵³ − 1.
    public static let largestSafeInteger: Int64 = 9_007_199_254_740_991

    /// The member of an object, or `nil`.
    public subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    /// The kind with its article, for messages such as `expected a string`.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: Codable {
    /// Reads whatever is there. From ``CanonicalJSON`` only.
    public init(from decoder: any Decoder) throws {
        guard let decoder = decoder as? ValueDecoder else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "a JSONValue is read by CanonicalJSON only"))
        }
        self = decoder.value
    }

    /// Writes itself. Into ``CanonicalJSON`` only.
    public func encode(to encoder: any Encoder) throws {
        guard let encoder = encoder as? ValueEncoder else {
            throw EncodingError.invalidValue(
                self, .init(codingPath: encoder.codingPath, debugDescription: "a JSONValue is written by CanonicalJSON")
            )
        }
        encoder.tree.set(self, at: encoder.node)
    }
}
