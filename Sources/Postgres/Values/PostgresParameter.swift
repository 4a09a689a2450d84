/// A value for `$1`, `$2`, … of a statement.
///
/// Text and JSON go without a type, so that the server takes the one the place asks for (an enum, say); the rest are
/// sent in binary with their type. Write `$1::int` where a function wants a narrower integer.
public enum PostgresParameter: Sendable, Hashable {
    /// NULL.
    case null
    /// Text; must not hold U+0000.
    case text(String)
    /// `int8`.
    case int(Int)
    /// `float8`.
    case double(Double)
    /// `boolean`.
    case bool(Bool)
    /// `bytea`.
    case bytes([UInt8])
    /// JSON text, for `json` and `jsonb`.
    case json(String)
    /// `timestamptz`.
    case timestamp(PostgresTimestamp)
    /// `text[]`, for `= ANY($1)` and `unnest($1)`.
    case texts([String])
    /// `int8[]`.
    case ints([Int])
    /// `bytea[]`.
    case byteStrings([[UInt8]])

    /// NULL for nil, otherwise what `make` builds: `.optional(reason, PostgresParameter.text)`.
    public static func optional<Value>(_ value: Value?, _ make: (Value) -> PostgresParameter) -> PostgresParameter {
        value.map(make) ?? .null
    }
}

/// A moment as PostgreSQL keeps it: microseconds, UTC.
public struct PostgresTimestamp: Hashable, Sendable, Comparable {
    /// Microseconds since 1970-01-01 00:00:00 UTC.
    public let microsecondsSinceEpoch: Int64

    /// A moment from Unix time in microseconds.
    public init(microsecondsSinceEpoch: Int64) { self.microsecondsSinceEpoch = microsecondsSinceEpoch }

    /// The earlier moment is the smaller.
    public static func < (left: Self, right: Self) -> Bool {
        left.microsecondsSinceEpoch < right.microsecondsSinceEpoch
    }

    /// PostgreSQL counts from 2000-01-01 00:00:00 UTC.
    static let postgresEpoch: Int64 = 946_684_800_000_000
}

/// Object ids of the types this client reads and writes (`pg_type.dat`).
enum TypeOID {
    static let unspecified: UInt32 = 0
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let name: UInt32 = 19
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let json: UInt32 = 114
    static let float4: UInt32 = 700
    static let float8: UInt32 = 701
    static let unknown: UInt32 = 705
    static let byteaArray: UInt32 = 1001
    static let textArray: UInt32 = 1009
    static let int8Array: UInt32 = 1016
    static let bpchar: UInt32 = 1042
    static let varchar: UInt32 = 1043
    static let timestamptz: UInt32 = 1184
    static let jsonb: UInt32 = 3802
    /// The first id of types made in a database; there, an enum's binary form is its label.
    static let firstUserDefined: UInt32 = 16384
}

/// A statement's parameters laid out as `PQsendQueryParams` wants them.
struct EncodedParameters {
    private(set) var types: [UInt32] = []
    private(set) var formats: [Int32] = []
    private(set) var lengths: [Int32] = []
    private var offsets: [Int?] = []
    private var storage: [UInt8] = []

    private static let textFormat: Int32 = 0
    private static let binaryFormat: Int32 = 1

    init(_ parameters: [PostgresParameter]) throws(PostgresError) {
        for (index, parameter) in parameters.enumerated() { try append(parameter, index: index + 1) }
        // An empty last value still needs a non-null pointer, or it would be NULL.
        storage.append(0)
    }

    var count: Int { types.count }

    /// Calls `body` with one pointer a parameter, nil for NULL.
    func withPointers<Result>(_ body: ([UnsafePointer<CChar>?]) -> Result) -> Result {
        storage.withUnsafeBytes { bytes in
            body(offsets.map { offset in offset.map { (bytes.baseAddress! + $0).assumingMemoryBound(to: CChar.self) } })
        }
    }

    private mutating func append(_ parameter: PostgresParameter, index: Int) throws(PostgresError) {
        switch parameter {
        case .null: add(TypeOID.unspecified, Self.textFormat, nil)
        case .text(let text), .json(let text):
            guard !text.utf8.contains(0) else { throw .parameterInvalid(index: index) }
            add(TypeOID.unspecified, Self.textFormat, Array(text.utf8) + [0])
        case .int(let value): add(TypeOID.int8, Self.binaryFormat, bigEndianBytes(Int64(value)))
        case .double(let value): add(TypeOID.float8, Self.binaryFormat, bigEndianBytes(value.bitPattern))
        case .bool(let value): add(TypeOID.bool, Self.binaryFormat, [value ? 1 : 0])
        case .bytes(let bytes): add(TypeOID.bytea, Self.binaryFormat, bytes)
        case .timestamp(let moment):
            let value = moment.microsecondsSinceEpoch - PostgresTimestamp.postgresEpoch
            add(TypeOID.timestamptz, Self.binaryFormat, bigEndianBytes(value))
        case .texts(let texts):
            guard !texts.contains(where: { $0.utf8.contains(0) }) else { throw .parameterInvalid(index: index) }
            add(TypeOID.textArray, Self.binaryFormat, encodeArray(TypeOID.text, texts.map { Array($0.utf8) }))
        case .ints(let values):
            let elements = values.map { bigEndianBytes(Int64($0)) }
            add(TypeOID.int8Array, Self.binaryFormat, encodeArray(TypeOID.int8, elements))
        case .byteStrings(let elements):
            add(TypeOID.byteaArray, Self.binaryFormat, encodeArray(TypeOID.bytea, elements))
        }
    }

    private mutating func add(_ type: UInt32, _ format: Int32, _ bytes: [UInt8]?) {
        types.append(type)
        formats.append(format)
        lengths.append(Int32(bytes?.count ?? 0))
        offsets.append(bytes == nil ? nil : storage.count)
        storage.append(contentsOf: bytes ?? [])
    }
}

/// `array_recv`: dimensions, has-nulls flag, element type, then for each dimension length and lower bound, then elements
/// with their lengths.
private func encodeArray(_ element: UInt32, _ elements: [[UInt8]]) -> [UInt8] {
    let dimensions: Int32 = elements.isEmpty ? 0 : 1
    var bytes = bigEndianBytes(dimensions) + bigEndianBytes(Int32(0)) + bigEndianBytes(element)
    guard dimensions == 1 else { return bytes }
    bytes += bigEndianBytes(Int32(elements.count)) + bigEndianBytes(Int32(1))
    for element in elements { bytes += bigEndianBytes(Int32(element.count)) + element }
    return bytes
}

private func bigEndianBytes(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
}
