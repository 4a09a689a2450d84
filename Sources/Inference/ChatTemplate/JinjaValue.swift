extension Jinja {
    /// What expressions give. Nothing changes but the members of namespaces.
    enum Value: Sendable {
        /// Nothing, and for messages, what there is nothing of.
        case undefined(String)
        case none
        case bool(Bool)
        case integer(Int)
        case text(MarkedText)
        case list(List)
        case dictionary(Dictionary)
        /// A place among the run's namespaces.
        case namespace(Int)
        case loop(LoopState)

        /// A text of the template's author.
        static func literal(_ text: String) -> Value { .text(MarkedText(text, isTrusted: true)) }
        /// A text that may not become a control token.
        static func plain(_ text: String) -> Value { .text(MarkedText(text, isTrusted: false)) }
    }

    /// Values in order, and how many levels of lists and dictionaries they hold, this one included.
    struct List: Sendable {
        let elements: [Value]
        let depth: Int

        init(_ elements: [Value]) {
            self.elements = elements
            depth = 1 + (elements.lazy.map(\.depth).max() ?? 0)
        }
    }

    /// Entries in the order in which they came; keys are compared by their bytes.
    struct Dictionary: Sendable {
        /// Levels of lists and dictionaries, this one included, that were ever in it.
        private(set) var depth = 1
        private(set) var entries: [(key: MarkedText, value: Value)] = []
        private var places: [[UInt8]: Int] = [:]

        subscript(key: [UInt8]) -> Value? { places[key].map { entries[$0].value } }

        mutating func set(_ key: MarkedText, _ value: Value) {
            depth = max(depth, 1 + value.depth)
            if let place = places[key.utf8] {
                entries[place].value = value
            } else {
                places[key.utf8] = entries.count
                entries.append((key, value))
            }
        }

        var count: Int { entries.count }
        var keys: [Value] { entries.map { .text($0.key) } }
        var values: [Value] { entries.map(\.value) }
        var items: [Value] { entries.map { .list(List([.text($0.key), $0.value])) } }
    }

    /// What a loop's body knows of the loop.
    struct LoopState: Sendable {
        let elements: [Value]
        let index: Int

        static let attributes: Set<String> = [
            "index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem", "depth",
            "depth0",
        ]

        /// One of ``attributes``; nil for anything else.
        func attribute(_ name: String) -> Value? {
            switch name {
            case "index": .integer(index + 1)
            case "index0": .integer(index)
            case "revindex": .integer(elements.count - index)
            case "revindex0": .integer(elements.count - index - 1)
            case "first": .bool(index == 0)
            case "last": .bool(index == elements.count - 1)
            case "length": .integer(elements.count)
            case "previtem": index > 0 ? elements[index - 1] : .undefined("there is no previous item")
            case "nextitem":
                index + 1 < elements.count ? elements[index + 1] : .undefined("there is no next item")
            // Only recursive loops go deeper, and these are not supported.
            case "depth": .integer(1)
            case "depth0": .integer(0)
            default: nil
            }
        }
    }
}

extension Jinja.Value {
    /// For messages.
    var kind: String {
        switch self {
        case .undefined: "undefined"
        case .none: "none"
        case .bool: "a boolean"
        case .integer: "a number"
        case .text: "a text"
        case .list: "a list"
        case .dictionary: "a dictionary"
        case .namespace: "a namespace"
        case .loop: "a loop"
        }
    }

    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .text(let text): !text.isEmpty
        case .list(let list): !list.elements.isEmpty
        case .dictionary(let dictionary): dictionary.count > 0
        case .namespace, .loop: true
        }
    }

    /// Levels of lists and dictionaries.
    var depth: Int {
        switch self {
        case .list(let list): list.depth
        case .dictionary(let dictionary): dictionary.depth
        default: 0
        }
    }

    /// A number; true and false are 1 and 0.
    var integer: Int? {
        switch self {
        case .integer(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    /// Whether two values are equal, whatever their texts' origins. Texts are compared by their bytes.
    static func areEqual(_ a: Jinja.Value, _ b: Jinja.Value) -> Bool {
        if let a = a.integer, let b = b.integer { return a == b }
        switch (a, b) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.text(let a), .text(let b)): return a.hasSameText(as: b)
        case (.namespace(let a), .namespace(let b)): return a == b
        case (.list(let a), .list(let b)):
            return a.elements.count == b.elements.count && zip(a.elements, b.elements).allSatisfy(areEqual)
        case (.dictionary(let a), .dictionary(let b)):
            return a.count == b.count
                && a.entries.allSatisfy { key, value in
                    b[key.utf8].map { areEqual(value, $0) } ?? false
                }
        default: return false
        }
    }

    /// What comparing or writing this reads, in units of work.
    func weight(limit: Int) -> Int {
        var sum = 0
        addWeight(to: &sum, limit: limit)
        return sum
    }

    private func addWeight(to sum: inout Int, limit: Int) {
        sum += 64
        switch self {
        case .text(let text): sum += text.count
        case .list(let list):
            for element in list.elements where sum < limit { element.addWeight(to: &sum, limit: limit) }
        case .dictionary(let dictionary):
            for (key, value) in dictionary.entries where sum < limit {
                sum += key.count
                value.addWeight(to: &sum, limit: limit)
            }
        default: break
        }
    }
}
