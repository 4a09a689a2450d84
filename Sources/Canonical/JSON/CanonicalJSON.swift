import Cryptography

/// Limits on JSON text from elsewhere.
public struct JSONLimits: Hashable, Sendable {
    /// The size of the text in bytes.
    public var bytes: Int
    /// The nesting of arrays and objects.
    public var depth: Int
    /// The combining marks in a row, in any string. Unicode's stream-safe text (UAX 15, section 13) has at most 30.
    public static let marks = 1_024

    /// 16 MiB and 64 levels unless stated.
    public init(bytes: Int = 16 << 20, depth: Int = 64) {
        self.bytes = bytes
        self.depth = depth
    }
}

/// What becomes of object members that a type does not read.
public enum UnknownKeys: Hashable, Sendable {
    /// They are skipped: for APIs whose clients may be newer.
    case ignored
    /// They are an error: for everything signed, where what is not understood must not be carried.
    case refused
}

/// JSON in the canonical form of RFC 8785, and a strict reader.
public enum CanonicalJSON {
    /// The RFC 8785 form of a `Codable` value. Throws ``JSONEncodingFailure``.
    public static func encode(_ value: some Encodable) throws(JSONEncodingFailure) -> [UInt8] {
        try Rehearsal.bytes(of: value) { () throws(JSONEncodingFailure) in
            var writer = CanonicalWriter()
            try writer.write(EncodingTree(of: value))
            return writer.bytes
        }
    }

    /// The RFC 8785 form. Throws ``JSONEncodingFailure/notFinite`` or ``JSONEncodingFailure/unsafeInteger``.
    public static func encode(_ value: JSONValue) throws(JSONEncodingFailure) -> [UInt8] {
        var writer = CanonicalWriter()
        try writer.write(value)
        return writer.bytes
    }

    /// A `Codable` value as a JSON value.
    public static func value(of value: some Encodable) throws(JSONEncodingFailure) -> JSONValue {
        try EncodingTree(of: value).value()
    }

    /// Parses one JSON text; see ``JSONSyntaxFailure`` for what is refused.
    public static func parse(
        _ bytes: [UInt8], limits: JSONLimits = JSONLimits()
    ) throws(JSONSyntaxFailure) -> JSONValue {
        guard bytes.count <= limits.bytes else { throw .tooLarge(limit: limits.bytes) }
        return try bytes.withUnsafeBytes { buffer in
            Result { () throws(JSONSyntaxFailure) in
                var parser = JSONParser(buffer, depthLimit: limits.depth)
                return try parser.parseText()
            }
        }.get()
    }

    /// Parses and reads a `Codable` value; an error names the field.
    public static func decode<T: Decodable>(
        _ type: T.Type, from bytes: [UInt8], unknownKeys: UnknownKeys = .ignored, limits: JSONLimits = JSONLimits()
    ) throws(JSONDecodingFailure) -> T {
        let value: JSONValue
        do {
            value = try parse(bytes, limits: limits)
        } catch {
            throw .malformed(error)
        }
        return try decode(type, from: value, unknownKeys: unknownKeys)
    }

    /// Reads a `Codable` value; an error names the field.
    public static func decode<T: Decodable>(
        _ type: T.Type, from value: JSONValue, unknownKeys: UnknownKeys = .ignored
    ) throws(JSONDecodingFailure) -> T {
        try ValueDecoder.decode(type, from: value, unknownKeys: unknownKeys)
    }
}
