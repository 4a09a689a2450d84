/// A Swift type that can be read from a column.
public protocol PostgresDecodable: Sendable {
    /// Reads a value from the binary form of the type with this object id.
    static func decode(_ bytes: ArraySlice<UInt8>, type oid: UInt32) throws(DecodingFailure) -> Self
}

extension Int: PostgresDecodable {
    /// Reads `int2`, `int4` and `int8`.
    public static func decode(_ bytes: ArraySlice<UInt8>, type oid: UInt32) throws(DecodingFailure) -> Int {
        switch oid {
        case TypeOID.int2: Int(try readInteger(bytes, as: Int16.self))
        case TypeOID.int4: Int(try readInteger(bytes, as: Int32.self))
        case TypeOID.int8: Int(try readInteger(bytes, as: Int64.self))
        default: throw .typeMismatch(oid: oid, expected: "an integer")
        }
    }
}

extension Double: PostgresDecodable {
    /// Reads `float4` and `float8`.
    public static func decode(_ bytes: ArraySlice<UInt8>, type oid: UInt32) throws(DecodingFailure) -> Double {
        switch oid {
        case TypeOID.float4: Double(Float(bitPattern: try readInteger(bytes, as: UInt32.self)))
        case TypeOID.float8: Double(bitPattern: try readInteger(bytes, as: UInt64.self))
        default: throw .typeMismatch(oid: oid, expected: "a floating-point number")
        }
    }
}

extension Bool: PostgresDecodable {
    /// Reads `boolean`.
    public static func decode(_ bytes: ArraySlice<UInt8>, type oid: UInt32) throws(DecodingFailure) -> Bool {
        guard oid == TypeOID.bool else { throw .typeMismatch(oid: oid, expected: "a boolean") }
        return try readInteger(bytes, as: UInt8.self) != 0
    }
}

extension String: PostgresDecodable {
    /// Reads text types, `json`, `jsonb` and enums.
    public static func decode(_ bytes: ArraySlice<UInt8>, type oid: UInt32) throws(DecodingFailure) -> String {
        var bytes = bytes
        switch oid {
        case TypeOID.text, TypeOID.varchar, TypeOID.bpchar, TypeOID.name, TypeOID.json, TypeOID.unknown,
            TypeOID.firstUserDefined...:
            break
        case TypeOID.jsonb:
            // `jsonb_send`: one version byte, then the text.
            guard bytes.popFirst() == 1 else { throw .malformed }
        default: throw .typeMismatch(oid: oid, expected: "text")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed }
        return text
    }
}

extension PostgresTimestamp: PostgresDecodable {
    /// Reads `timestamptz`; the infinities are refused.
    public static func decode(_ bytes: ArraySlice<UInt8>, type oid: UInt32) throws(DecodingFailure) -> Self {
        guard oid == TypeOID.timestamptz else { throw .typeMismatch(oid: oid, expected: "timestamptz") }
        let value = try readInteger(bytes, as: Int64.self)
        let (unix, overflow) = value.addingReportingOverflow(postgresEpoch)
        guard !overflow, value != .min, value != .max else { throw .malformed }
        return PostgresTimestamp(microsecondsSinceEpoch: unix)
    }
}

/// What an array column's elements may be; `UInt8` reads `bytea`, which is an array of bytes in Swift alone.
public protocol PostgresArrayElement: Sendable {
    /// Reads the array's binary form.
    static func decodeArray(_ bytes: ArraySlice<UInt8>, type oid: UInt32) throws(DecodingFailure) -> [Self]
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
    /// Reads `bytea` as `[UInt8]`, and the arrays `text[]`, `int8[]`, `bytea[]`.
    public static func decode(_ bytes: ArraySlice<UInt8>, type oid: UInt32) throws(DecodingFailure) -> [Element] {
        try Element.decodeArray(bytes, type: oid)
    }
}

extension UInt8: PostgresArrayElement {
    /// Reads `bytea`.
    public static func decodeArray(_ bytes: ArraySlice<UInt8>, type oid: UInt32) throws(DecodingFailure) -> [UInt8] {
        guard oid == TypeOID.bytea else { throw .typeMismatch(oid: oid, expected: "bytea") }
        return [UInt8](bytes)
    }
}

extension String: PostgresArrayElement {
    /// Reads `text[]`.
    public static func decodeArray(_ bytes: ArraySlice<UInt8>, type oid: UInt32) throws(DecodingFailure) -> [String] {
        guard oid == TypeOID.textArray else { throw .typeMismatch(oid: oid, expected: "text[]") }
        return try readArray(bytes)
    }
}

extension Int: PostgresArrayElement {
    /// Reads `int8[]`.
    public static func decodeArray(_ bytes: ArraySlice<UInt8>, type oid: UInt32) throws(DecodingFailure) -> [Int] {
        guard oid == TypeOID.int8Array else { throw .typeMismatch(oid: oid, expected: "int8[]") }
        return try readArray(bytes)
    }
}

extension Array: PostgresArrayElement where Element == UInt8 {
    /// Reads `bytea[]`.
    public static func decodeArray(_ bytes: ArraySlice<UInt8>, type oid: UInt32) throws(DecodingFailure) -> [[UInt8]] {
        guard oid == TypeOID.byteaArray else { throw .typeMismatch(oid: oid, expected: "bytea[]") }
        return try readArray(bytes)
    }
}

/// `array_send`, one dimension, no NULLs.
private func readArray<Element: PostgresDecodable>(_ bytes: ArraySlice<UInt8>) throws(DecodingFailure) -> [Element] {
    var rest = bytes
    func take(_ count: Int) throws(DecodingFailure) -> ArraySlice<UInt8> {
        guard count >= 0, rest.count >= count else { throw .malformed }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
    let dimensions = try readInteger(take(4), as: Int32.self)
    _ = try take(4)
    let elementType = try readInteger(take(4), as: UInt32.self)
    guard dimensions == 1 else {
        guard dimensions == 0 else { throw .malformed }
        return []
    }
    let count = Int(try readInteger(take(4), as: Int32.self))
    _ = try take(4)
    // Each element takes four bytes at least: nothing is reserved on a length's word alone.
    guard count >= 0, count <= rest.count / 4 else { throw .malformed }
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for _ in 0..<count {
        let length = Int(try readInteger(take(4), as: Int32.self))
        guard length >= 0 else { throw .null }
        elements.append(try Element.decode(take(length), type: elementType))
    }
    return elements
}

private func readInteger<Value: FixedWidthInteger>(
    _ bytes: ArraySlice<UInt8>, as type: Value.Type
) throws(DecodingFailure) -> Value {
    guard bytes.count == MemoryLayout<Value>.size else { throw .malformed }
    return bytes.reduce(0) { ($0 << 8 as Value) | Value(truncatingIfNeeded: $1) }
}
