/// What a `Codable` value wrote: a tree in one array, because an object for every value would cost more than the hashing
/// that follows. Nodes name each other by their places, so nothing keeps anything alive.
final class EncodingTree {
    /// What a node holds. A value that writes twice keeps the last; Codable forbids it.
    enum Content {
        case nothing
        case value(JSONValue)
        case array(Children)
        case object(Children)
    }

    /// A list of nodes, each of which names the next. The root is nobody's child, so 0 is none.
    struct Children {
        var first = 0
        var last = 0
        var count = 0
    }

    /// A value, by its name in an object or its position in an array.
    struct Node {
        let parent: Int
        let name: String
        let position: Int?
        var next = 0
        var content = Content.nothing
    }

    /// The root is first.
    private(set) var nodes: [Node] = []

    init() {
        nodes.reserveCapacity(32)
        nodes.append(Node(parent: 0, name: "", position: nil))
    }

    /// Runs a value's own `encode(to:)`.
    convenience init(of value: some Encodable) throws(JSONEncodingFailure) {
        self.init()
        do {
            try value.encode(to: ValueEncoder(tree: self, node: 0))
        } catch let failure as JSONEncodingFailure {
            throw failure
        } catch EncodingError.invalidValue(_, let context) {
            throw .unencodable(path: describePath(context.codingPath), reason: context.debugDescription)
        } catch {
            throw .unencodable(path: "", reason: "\(error)")
        }
    }

    func set(_ value: JSONValue, at node: Int) { nodes[node].content = .value(value) }

    func beginObject(at node: Int) {
        if case .object = nodes[node].content { return }
        nodes[node].content = .object(Children())
    }

    func beginArray(at node: Int) {
        if case .array = nodes[node].content { return }
        nodes[node].content = .array(Children())
    }

    func count(at node: Int) -> Int {
        if case .array(let children) = nodes[node].content { children.count } else { 0 }
    }

    /// A new member of the object at `node`.
    func member(_ name: String, of node: Int) -> Int {
        guard case .object(var children) = nodes[node].content else { preconditionFailure("an object was begun") }
        let child = add(Node(parent: node, name: name, position: nil), to: &children)
        nodes[node].content = .object(children)
        return child
    }

    /// A new element of the array at `node`.
    func element(of node: Int) -> Int {
        guard case .array(var children) = nodes[node].content else { preconditionFailure("an array was begun") }
        let child = add(Node(parent: node, name: "", position: children.count), to: &children)
        nodes[node].content = .array(children)
        return child
    }

    private func add(_ node: Node, to children: inout Children) -> Int {
        let place = nodes.count
        nodes.append(node)
        if children.count == 0 { children.first = place } else { nodes[children.last].next = place }
        children.last = place
        children.count += 1
        return place
    }

    /// The elements of an array in order.
    func elements(_ children: Children) -> [Int] {
        var places: [Int] = []
        places.reserveCapacity(children.count)
        var place = children.first
        while place != 0 {
            places.append(place)
            place = nodes[place].next
        }
        return places
    }

    /// The members of an object in canonical order, the last of each name.
    func members(_ children: Children) -> [Int] {
        let sorted = elements(children).sorted { left, right in
            CanonicalOrder.precedes(nodes[left].name, nodes[right].name)
                || (nodes[left].name == nodes[right].name && left < right)
        }
        guard zip(sorted, sorted.dropFirst()).contains(where: { nodes[$0].name == nodes[$1].name }) else {
            return sorted
        }
        return sorted.indices
            .filter { $0 + 1 == sorted.count || nodes[sorted[$0]].name != nodes[sorted[$0 + 1]].name }
            .map { sorted[$0] }
    }

    /// The failure of a node whose value wrote nothing.
    func failure(at node: Int) -> JSONEncodingFailure {
        .unencodable(path: describePath(codingPath(of: node)), reason: "wrote nothing")
    }

    func codingPath(of node: Int) -> [any CodingKey] {
        guard node != 0 else { return [] }
        let key: any CodingKey = nodes[node].position.map { IndexKey($0) } ?? NameKey(stringValue: nodes[node].name)
        return codingPath(of: nodes[node].parent) + [key]
    }

    /// The tree below `node` as a JSON value.
    func value(at node: Int = 0) throws(JSONEncodingFailure) -> JSONValue {
        switch nodes[node].content {
        case .nothing: throw failure(at: node)
        case .value(let value): return value
        case .array(let children):
            var values: [JSONValue] = []
            for element in elements(children) { values.append(try value(at: element)) }
            return .array(values)
        case .object(let children):
            var values: [String: JSONValue] = [:]
            for member in members(children) { values[nodes[member].name] = try value(at: member) }
            return .object(values)
        }
    }
}

/// Turns a `Codable` value into a part of a tree.
struct ValueEncoder: Encoder {
    let tree: EncodingTree
    let node: Int
    var userInfo: [CodingUserInfoKey: Any] { [:] }
    var codingPath: [any CodingKey] { tree.codingPath(of: node) }

    func container<Key>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        tree.beginObject(at: node)
        return KeyedEncodingContainer(ObjectEncoding<Key>(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        tree.beginArray(at: node)
        return ArrayEncoding(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    func member(_ key: some CodingKey) -> ValueEncoder {
        ValueEncoder(tree: tree, node: tree.member(key.stringValue, of: node))
    }

    func element() -> ValueEncoder { ValueEncoder(tree: tree, node: tree.element(of: node)) }
}

extension ValueEncoder: SingleValueEncodingContainer {
    func encodeNil() { tree.set(.null, at: node) }
    func encode(_ value: Bool) { tree.set(.bool(value), at: node) }
    func encode(_ value: String) { tree.set(.string(value), at: node) }
    func encode(_ value: Double) { tree.set(.number(value), at: node) }
    func encode(_ value: Float) { tree.set(.number(Double(value)), at: node) }
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
        tree.set(.integer(integer), at: node)
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
    var count: Int { encoder.tree.count(at: encoder.node) }

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
