/// Turns a `Codable` value into a ``JSONValue``.
final class ValueEncoder: Encoder {
    /// What was written so far. A value that writes twice keeps the last; Codable forbids it.
    enum Content {
        case nothing
        case value(JSONValue)
        case array([ValueEncoder])
        case object([String: ValueEncoder])
    }

    var content = Content.nothing
    let userInfo: [CodingUserInfoKey: Any] = [:]
    /// Unowned: the parent owns this one, as part of its content, and outlives it. Owned back, neither would ever end.
    private unowned let parent: ValueEncoder?
    private let key: (any CodingKey)?

    init(parent: ValueEncoder? = nil, key: (any CodingKey)? = nil) {
        self.parent = parent
        self.key = key
    }

    var codingPath: [any CodingKey] {
        (parent?.codingPath ?? []) + (key.map { [$0] } ?? [])
    }

    static func encode(_ value: some Encodable) throws(JSONEncodingFailure) -> JSONValue {
        let encoder = ValueEncoder()
        do {
            try value.encode(to: encoder)
        } catch let failure as JSONEncodingFailure {
            throw failure
        } catch EncodingError.invalidValue(_, let context) {
            throw .unencodable(path: describePath(context.codingPath), reason: context.debugDescription)
        } catch {
            throw .unencodable(path: "", reason: "\(error)")
        }
        return try encoder.result()
    }

    private func result() throws(JSONEncodingFailure) -> JSONValue {
        switch content {
        case .nothing: throw .unencodable(path: describePath(codingPath), reason: "wrote nothing")
        case .value(let value): return value
        case .array(let children):
            var elements: [JSONValue] = []
            elements.reserveCapacity(children.count)
            for child in children { elements.append(try child.result()) }
            return .array(elements)
        case .object(let children):
            var members: [String: JSONValue] = [:]
            members.reserveCapacity(children.count)
            for (key, child) in children { members[key] = try child.result() }
            return .object(members)
        }
    }

    func container<Key>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .object = content {} else { content = .object([:]) }
        return KeyedEncodingContainer(ObjectEncoding<Key>(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .array = content {} else { content = .array([]) }
        return ArrayEncoding(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        self
    }

    func member(_ key: some CodingKey) -> ValueEncoder {
        let child = ValueEncoder(parent: self, key: NameKey(stringValue: key.stringValue))
        guard case .object(var members) = content else { preconditionFailure("an object was begun") }
        content = .nothing  // so that the insertion does not copy
        members[key.stringValue] = child
        content = .object(members)
        return child
    }

    func element() -> ValueEncoder {
        guard case .array(var elements) = content else { preconditionFailure("an array was begun") }
        content = .nothing  // so that the append does not copy
        let child = ValueEncoder(parent: self, key: IndexKey(elements.count))
        elements.append(child)
        content = .array(elements)
        return child
    }
}

extension ValueEncoder: SingleValueEncodingContainer {
    func encodeNil() { content = .value(.null) }
    func encode(_ value: Bool) { content = .value(.bool(value)) }
    func encode(_ value: String) { content = .value(.string(value)) }
    func encode(_ value: Double) { content = .value(.number(value)) }
    func encode(_ value: Float) { content = .value(.number(Double(value))) }
    func encode(_ value: Int) throws { try encodeInteger(value) }
    func encode(_ value: Int8) throws { try encodeInteger(value) }
    func encode(_ value: Int16) throws { try encodeInteger(value) }
    func encode(_ value: Int32) throws { try encodeInteger(value) }
    func encode(_ value: Int64) throws { try encodeInteger(value) }
    func encode(_ value: UInt) throws { try encodeInteger(value) }
    func encode(_ value: UInt8) throws { try encodeInteger(value) }
    func encode(_ value: UInt16) throws { try encodeInteger(value) }
    func encode(_ value: UInt32) throws { try encodeInteger(value) }
    func encode(_ value: UInt64) throws { try encodeInteger(value) }
    func encode(_ value: some Encodable) throws { try value.encode(to: self) }

    private func encodeInteger(_ value: some BinaryInteger) throws(JSONEncodingFailure) {
        guard let integer = Int64(exactly: value) else { throw .unsafeInteger }
        content = .value(.integer(integer))
    }
}

private struct ObjectEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: ValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil(forKey key: Key) { encoder.member(key).encodeNil() }
    func encode(_ value: Bool, forKey key: Key) { encoder.member(key).encode(value) }
    func encode(_ value: String, forKey key: Key) { encoder.member(key).encode(value) }
    func encode(_ value: Double, forKey key: Key) { encoder.member(key).encode(value) }
    func encode(_ value: Float, forKey key: Key) { encoder.member(key).encode(value) }
    func encode(_ value: Int, forKey key: Key) throws { try encoder.member(key).encode(value) }
    func encode(_ value: Int8, forKey key: Key) throws { try encoder.member(key).encode(value) }
    func encode(_ value: Int16, forKey key: Key) throws { try encoder.member(key).encode(value) }
    func encode(_ value: Int32, forKey key: Key) throws { try encoder.member(key).encode(value) }
    func encode(_ value: Int64, forKey key: Key) throws { try encoder.member(key).encode(value) }
    func encode(_ value: UInt, forKey key: Key) throws { try encoder.member(key).encode(value) }
    func encode(_ value: UInt8, forKey key: Key) throws { try encoder.member(key).encode(value) }
    func encode(_ value: UInt16, forKey key: Key) throws { try encoder.member(key).encode(value) }
    func encode(_ value: UInt32, forKey key: Key) throws { try encoder.member(key).encode(value) }
    func encode(_ value: UInt64, forKey key: Key) throws { try encoder.member(key).encode(value) }
    func encode(_ value: some Encodable, forKey key: Key) throws { try value.encode(to: encoder.member(key)) }

    func nestedContainer<Nested>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        encoder.member(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        encoder.member(key).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { encoder.member(NameKey(stringValue: "super")) }
    func superEncoder(forKey key: Key) -> any Encoder { encoder.member(key) }
}

private struct ArrayEncoding: UnkeyedEncodingContainer {
    let encoder: ValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { if case .array(let elements) = encoder.content { elements.count } else { 0 } }

    func encodeNil() { encoder.element().encodeNil() }
    func encode(_ value: Bool) { encoder.element().encode(value) }
    func encode(_ value: String) { encoder.element().encode(value) }
    func encode(_ value: Double) { encoder.element().encode(value) }
    func encode(_ value: Float) { encoder.element().encode(value) }
    func encode(_ value: Int) throws { try encoder.element().encode(value) }
    func encode(_ value: Int8) throws { try encoder.element().encode(value) }
    func encode(_ value: Int16) throws { try encoder.element().encode(value) }
    func encode(_ value: Int32) throws { try encoder.element().encode(value) }
    func encode(_ value: Int64) throws { try encoder.element().encode(value) }
    func encode(_ value: UInt) throws { try encoder.element().encode(value) }
    func encode(_ value: UInt8) throws { try encoder.element().encode(value) }
    func encode(_ value: UInt16) throws { try encoder.element().encode(value) }
    func encode(_ value: UInt32) throws { try encoder.element().encode(value) }
    func encode(_ value: UInt64) throws { try encoder.element().encode(value) }
    func encode(_ value: some Encodable) throws { try value.encode(to: encoder.element()) }

    func nestedContainer<Nested>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        encoder.element().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder.element().unkeyedContainer() }
    func superEncoder() -> any Encoder { encoder.element() }
}
