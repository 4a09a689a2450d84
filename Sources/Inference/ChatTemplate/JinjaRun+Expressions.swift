extension Jinja.Run {
    mutating func evaluate(_ expression: Jinja.Expression) throws(ChatTemplateError) -> Value {
        try spend(32)
        return try deeper { (run) throws(ChatTemplateError) in
            do throws(ChatTemplateError) {
                return try run.value(of: expression.kind)
            } catch .failed(line: 0, let reason) {
                throw .failed(line: expression.line, reason: reason)
            }
        }
    }

    /// The value of an argument that may be missing.
    mutating func evaluate(_ expression: Jinja.Expression?) throws(ChatTemplateError) -> Value? {
        guard let expression else { return nil }
        return try evaluate(expression)
    }

    private mutating func values(of expressions: [Jinja.Expression]) throws(ChatTemplateError) -> [Value] {
        var values: [Value] = []
        for expression in expressions { values.append(try evaluate(expression)) }
        return values
    }

    private mutating func values(of expressions: [Jinja.Expression?]) throws(ChatTemplateError) -> [Value?] {
        var values: [Value?] = []
        for expression in expressions { values.append(try evaluate(expression)) }
        return values
    }

    private mutating func value(of kind: Jinja.Expression.Kind) throws(ChatTemplateError) -> Value {
        switch kind {
        case .literal(let value): return value
        case .variable(let id, let name): return variable(id) ?? .undefined("'\(name)' is undefined")
        case .list(let elements): return try list(try values(of: elements))
        case .dictionary(let entries): return try makeDictionary(entries)
        case .attribute(let base, let name): return try attribute(name, of: try evaluate(base))
        case .item(let base, let key): return try item(try evaluate(base), try evaluate(key))
        case .slice(let base, let from, let to, let step):
            let value = try evaluate(base)
            return try slice(value, try bound(from), try bound(to), try bound(step))
        case .method(let base, let method, let arguments):
            let value = try evaluate(base)
            return try call(method, of: value, try values(of: arguments))
        case .function(let function, let arguments): return try call(function, try values(of: arguments))
        case .namespace(let base, let keywords): return try makeNamespace(base, keywords)
        case .makeDictionary(let keywords):
            var result = Jinja.Dictionary()
            for keyword in keywords {
                result.set(MarkedText(keyword.name, isTrusted: true), try evaluate(keyword.value))
            }
            return try dictionary(result)
        case .macro(let id, let name, let arguments, let keywords):
            return try call(macro: id, name, arguments, keywords)
        case .filter(let base, let call): return try apply(call, to: try evaluate(base))
        case .map, .mapAttribute, .select: return try mapped(kind)
        case .test(let base, let call):
            let value = try evaluate(base)
            return .bool(try passes(value, call.test, try values(of: call.arguments)))
        default: return try operation(kind)
        }
    }

    private mutating func operation(_ kind: Jinja.Expression.Kind) throws(ChatTemplateError) -> Value {
        switch kind {
        case .not(let base): return .bool(!(try evaluate(base).isTrue))
        case .negative(let base): return try arithmetic(.subtract, .integer(0), try evaluate(base))
        case .positive(let base): return try arithmetic(.add, .integer(0), try evaluate(base))
        case .arithmetic(let operation, let left, let right):
            let value = try evaluate(left)
            return try arithmetic(operation, value, try evaluate(right))
        case .concatenation(let parts):
            var result = MarkedText()
            for part in parts { result.append(try text(of: try evaluate(part))) }
            return .text(result)
        case .comparison(let first, let rest):
            var left = try evaluate(first)
            for (comparison, expression) in rest {
                let right = try evaluate(expression)
                guard try compare(left, comparison, right) else { return .bool(false) }
                left = right
            }
            return .bool(true)
        case .and(let left, let right):
            let value = try evaluate(left)
            return value.isTrue ? try evaluate(right) : value
        case .or(let left, let right):
            let value = try evaluate(left)
            return value.isTrue ? value : try evaluate(right)
        case .conditional(let condition, let then, let otherwise):
            if try evaluate(condition).isTrue { return try evaluate(then) }
            return try evaluate(otherwise) ?? .undefined("an 'if' without 'else' has no value")
        default: preconditionFailure("every other kind has been evaluated")
        }
    }

    private mutating func makeDictionary(
        _ entries: [(key: Jinja.Expression, value: Jinja.Expression)]
    ) throws(ChatTemplateError) -> Value {
        var result = Jinja.Dictionary()
        for (key, value) in entries {
            guard case .text(let key) = try evaluate(key) else { throw failure("a key that is no text") }
            result.set(key, try evaluate(value))
        }
        return try dictionary(result)
    }

    private mutating func makeNamespace(
        _ base: Jinja.Expression?, _ keywords: [Jinja.Keyword]
    ) throws(ChatTemplateError) -> Value {
        var members = Jinja.Dictionary()
        if let base = try evaluate(base) {
            guard case .dictionary(let dictionary) = base else { throw failure("a namespace of \(base.kind)") }
            members = dictionary
        }
        for keyword in keywords {
            members.set(MarkedText(keyword.name, isTrusted: true), try evaluate(keyword.value))
        }
        try spend(512)
        _ = try dictionary(members)
        namespaces.append(members)
        return .namespace(namespaces.count - 1)
    }

    /// Names that Python's dictionaries have for themselves, where `.` finds them before any key.
    private static let dictionaryMethods: Set<String> = [
        "clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values",
    ]

    mutating func attribute(_ name: String, of value: Value) throws(ChatTemplateError) -> Value {
        switch value {
        case .undefined(let reason): throw failure(reason)
        case .dictionary(let dictionary):
            guard !Self.dictionaryMethods.contains(name) else { throw failure("the method '\(name)' is not called") }
            return dictionary[Array(name.utf8)] ?? .undefined("'\(name)' is undefined")
        case .namespace(let place): return namespaces[place][Array(name.utf8)] ?? .undefined("'\(name)' is undefined")
        case .loop(let loop): return loop.attribute(name) ?? .undefined("'\(name)' is undefined")
        case .none, .bool, .integer, .text, .list: return .undefined("\(value.kind) has no '\(name)'")
        }
    }

    mutating func item(_ value: Value, _ key: Value) throws(ChatTemplateError) -> Value {
        if case .undefined(let reason) = value { throw failure(reason) }
        switch (value, key) {
        case (.dictionary(let dictionary), .text(let key)):
            return dictionary[key.utf8] ?? .undefined("a key is undefined")
        case (.namespace(let place), .text(let key)):
            return namespaces[place][key.utf8] ?? .undefined("a key is undefined")
        case (.list(let list), _):
            guard let index = key.integer else { break }
            let place = index < 0 ? index + list.elements.count : index
            if list.elements.indices.contains(place) { return list.elements[place] }
        case (.text(let text), _):
            guard let index = key.integer else { break }
            try spend(text.count)
            let offsets = text.scalarOffsets()
            let place = index < 0 ? index + offsets.count - 1 : index
            if place >= 0, place < offsets.count - 1 { return .text(text[offsets[place]..<offsets[place + 1]]) }
        default: break
        }
        return .undefined("\(value.kind) has no such element")
    }

    /// A slice's bound: a whole number or nothing.
    private mutating func bound(_ expression: Jinja.Expression?) throws(ChatTemplateError) -> Int? {
        guard let value = try evaluate(expression) else { return nil }
        if case .none = value { return nil }
        guard let bound = value.integer else { throw failure("\(value.kind) as a bound of a slice") }
        return bound
    }

    private mutating func slice(
        _ value: Value, _ from: Int?, _ to: Int?, _ step: Int?
    ) throws(ChatTemplateError) -> Value {
        guard step != 0 else { throw failure("a slice with the step 0") }
        switch value {
        case .list(let list):
            return try self.list(Self.places(from, to, step ?? 1, list.elements.count).map { list.elements[$0] })
        case .text(let text):
            try spend(2 * text.count)
            let offsets = text.scalarOffsets()
            let places = Self.places(from, to, step ?? 1, offsets.count - 1)
            if step == nil || step == 1 {
                guard let first = places.first, let last = places.last else { return .text(MarkedText()) }
                return .text(text[offsets[first]..<offsets[last + 1]])
            }
            var result = MarkedText()
            for place in places { result.append(text, offsets[place]..<offsets[place + 1]) }
            return .text(result)
        case .undefined(let reason): throw failure(reason)
        default: throw failure("a slice of \(value.kind)")
        }
    }

    /// The places a slice takes, as Python counts them.
    private static func places(_ from: Int?, _ to: Int?, _ step: Int, _ count: Int) -> [Int] {
        func place(_ bound: Int?, otherwise: Int) -> Int {
            guard let bound else { return otherwise }
            let place = bound < 0 ? max(bound, -count - 1) + count : min(bound, count)
            return step > 0 ? max(place, 0) : min(max(place, -1), count - 1)
        }
        let first = place(from, otherwise: step > 0 ? 0 : count - 1)
        let last = place(to, otherwise: step > 0 ? count : -1)
        // No step is longer than the whole.
        return Array(stride(from: first, to: last, by: min(max(step, -count - 1), count + 1)))
    }
}
