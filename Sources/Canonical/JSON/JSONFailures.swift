/// Why bytes are not JSON that is accepted here.
public enum JSONSyntaxFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Larger than the caller allows, in bytes.
    case tooLarge(limit: Int)
    /// Nested deeper than the caller allows.
    case tooDeep(limit: Int)
    /// Something else was expected at this byte.
    case unexpected(offset: Int)
    /// The text ends within a value.
    case truncated
    /// A string is not valid UTF-8, holds a raw control character, a bad escape, half a surrogate pair or more than
    /// ``JSONLimits/marks`` combining marks in a row.
    case invalidString(offset: Int)
    /// A number does not follow the grammar, overflows a Double, or is an integer beyond 64 bits.
    case invalidNumber(offset: Int)
    /// An object has this key twice.
    case duplicateKey(offset: Int)

    /// A sentence for a client.
    public var description: String {
        switch self {
        case .tooLarge(let limit): "the JSON text is larger than \(limit) bytes"
        case .tooDeep(let limit): "the JSON text is nested deeper than \(limit) levels"
        case .unexpected(let offset): "unexpected character at byte \(offset)"
        case .truncated: "the JSON text ends too early"
        case .invalidString(let offset): "invalid string at byte \(offset)"
        case .invalidNumber(let offset): "invalid number at byte \(offset)"
        case .duplicateKey(let offset): "duplicate key at byte \(offset)"
        }
    }
}

/// Why a value could not be read from JSON; names the field, such as `messages[2].content`.
public enum JSONDecodingFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes are not JSON.
    case malformed(JSONSyntaxFailure)
    /// The field has another type; `expected` reads like `a string`.
    case mismatch(path: String, expected: String)
    /// The field is required.
    case missing(path: String)
    /// The field is not known, and unknown fields are refused here.
    case unknown(path: String)
    /// The field has the right type and a value that is not allowed.
    case invalid(path: String, reason: String)

    /// The field's path; empty for the whole text.
    public var path: String {
        switch self {
        case .malformed: ""
        case .mismatch(let path, _), .missing(let path), .unknown(let path), .invalid(let path, _): path
        }
    }

    /// A sentence for a client: `messages[2].content: expected a string`.
    public var description: String {
        switch self {
        case .malformed(let failure): failure.description
        case .mismatch(let path, let expected): Self.locate(path, "expected \(expected)")
        case .missing(let path): Self.locate(path, "is required")
        case .unknown(let path): Self.locate(path, "is not a known field")
        case .invalid(let path, let reason): Self.locate(path, reason)
        }
    }

    private static func locate(_ path: String, _ problem: String) -> String {
        path.isEmpty ? problem : "\(path): \(problem)"
    }
}

/// Why a value has no canonical JSON form.
public enum JSONEncodingFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// A number is infinite or not a number.
    case notFinite
    /// An integer beyond ±(2⁵³ − 1); such integers travel as strings.
    case unsafeInteger
    /// The type's own `encode(to:)` failed or wrote nothing.
    case unencodable(path: String, reason: String)

    /// A sentence for logs.
    public var description: String {
        switch self {
        case .notFinite: "a number is not finite"
        case .unsafeInteger: "an integer is beyond 2^53 - 1 and has to travel as a string"
        case .unencodable(let path, let reason): path.isEmpty ? reason : "\(path): \(reason)"
        }
    }
}

/// Renders a coding path the way a reader of JSON writes it.
func describePath(_ path: [any CodingKey]) -> String {
    var text = ""
    for key in path {
        if let index = key.intValue {
            text += "[\(index)]"
        } else {
            text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
        }
    }
    return text
}

/// An element's place in an array.
struct IndexKey: CodingKey {
    let index: Int
    var intValue: Int? { index }
    var stringValue: String { "\(index)" }

    init(_ index: Int) { self.index = index }
    init(intValue: Int) { index = intValue }
    init?(stringValue: String) { nil }
}

/// A member's place in an object, for `super` containers.
struct NameKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
