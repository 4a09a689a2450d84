/// Reads a `Codable` value from a ``JSONValue`` and remembers where it is and which members were asked for.
final class ValueDecoder: Decoder {
    let value: JSONValue
    let userInfo: [CodingUserInfoKey: Any] = [:]
    private let unknownKeys: UnknownKeys
    private let parent: ValueDecoder?
    private let key: (any CodingKey)?
    /// The members that were asked for; `nil` as long as the value is not read as an object.
    private var accessedKeys: Set<String>?

    init(_ value: JSONValue, unknownKeys: UnknownKeys, parent: ValueDecoder? = nil, key: (any CodingKey)? = nil) {
        self.value = value
        self.unknownKeys = unknownKeys
        self.parent = parent
        self.key = key
    }

    var codingPath: [any CodingKey] {
        (parent?.codingPath ?? []) + (key.map { [$0] } ?? [])
    }

    static func decode<T: Decodable>(
        _ type: T.Type, from value: JSONValue, unknownKeys: UnknownKeys
    ) throws(JSONDecodingFailure) -> T {
        let decoder = ValueDecoder(value, unknownKeys: unknownKeys)
        do {
            return try decoder.read(type)
        } catch let failure as JSONDecodingFailure {
            throw failure
        } catch let error as DecodingError {
            throw JSONDecodingFailure(error)
        } catch {
            throw .invalid(path: "", reason: "\(error)")
        }
    }

    /// Reads this value as `type`. An error that the type itself threw gets this value's path.
    func read<T: Decodable>(_ type: T.Type) throws -> T {
        let result: T
        do {
            result = try T(from: self)
        } catch let error as DecodingError {
            throw JSONDecodingFailure(error)
        } catch let failure as JSONDecodingFailure {
            throw failure
        } catch {
            throw JSONDecodingFailure.invalid(path: describePath(codingPath), reason: "\(error)")
        }
        try checkUnknownKeys()
        return result
    }

    func child(_ value: JSONValue, key: any CodingKey) -> ValueDecoder {
        ValueDecoder(value, unknownKeys: unknownKeys, parent: self, key: key)
    }

    private func checkUnknownKeys() throws(JSONDecodingFailure) {
        guard unknownKeys == .refused, let accessedKeys, case .object(let members) = value else { return }
        // The smallest, so that the message does not depend on the dictionary's order.
        guard let unknown = members.keys.filter({ !accessedKeys.contains($0) }).min() else { return }
        throw .unknown(path: describePath(codingPath + [NameKey(stringValue: unknown)]))
    }

    // MARK: Containers

    func container<Key>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = value else { throw mismatch("an object") }
        if accessedKeys == nil { accessedKeys = [] }
        return KeyedDecodingContainer(ObjectDecoding<Key>(decoder: self, members: members))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = value else { throw mismatch("an array") }
        return ArrayDecoding(decoder: self, elements: elements)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        self
    }

    func noteAccess(_ key: String) {
        accessedKeys?.insert(key)
    }

    func mismatch(_ expected: String) -> JSONDecodingFailure {
        .mismatch(path: describePath(codingPath), expected: expected)
    }
}

extension ValueDecoder: SingleValueDecodingContainer {
    func decodeNil() -> Bool { value == .null }

    func decode(_ type: Bool.Type) throws -> Bool {
        guard case .bool(let flag) = value else { throw mismatch("a boolean") }
        return flag
    }

    func decode(_ type: String.Type) throws -> String {
        guard case .string(let text) = value else { throw mismatch("a string") }
        return text
    }

    func decode(_ type: Double.Type) throws -> Double {
        switch value {
        case .number(let number): return number
        case .integer(let integer): return Double(integer)
        default: throw mismatch("a number")
        }
    }

    /// Rounds to the nearest, as every reader of a decimal fraction must.
    func decode(_ type: Float.Type) throws -> Float {
        let number = Float(try decode(Double.self))
        guard number.isFinite else { throw mismatch("a number that a 32-bit float can hold") }
        return number
    }

    func decode(_ type: Int.Type) throws -> Int { try integer() }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer() }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer() }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer() }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer() }
    func decode(_ type: UInt.Type) throws -> UInt { try integer() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer() }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try T(from: self) }

    /// `1.0` and `1e2` are integers too, as long as a Double tells them from their neighbours.
    private func integer<T: FixedWidthInteger>() throws(JSONDecodingFailure) -> T {
        let wide: Int64
        switch value {
        case .integer(let integer):
            wide = integer
        case .number(let number):
            guard let exact = Int64(exactly: number), exact.magnitude <= JSONValue.largestSafeInteger else {
                throw mismatch("an integer")
            }
            wide = exact
        default: throw mismatch("an integer")
        }
        guard let result = T(exactly: wide) else {
            throw mismatch("an integer from \(T.min) to \(T.max)")
        }
        return result
    }
}

extension JSONDecodingFailure {
    /// What `init(from:)` of a type threw, with the path it threw it at.
    init(_ error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            self = .missing(path: describePath(context.codingPath + [key]))
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            self = .invalid(path: describePath(context.codingPath), reason: context.debugDescription)
        @unknown default:
            self = .invalid(path: "", reason: "cannot be read")
        }
    }
}
