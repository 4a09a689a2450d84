extension Jinja.Run {
    /// The value of a filter.
    mutating func apply(_ call: Jinja.FilterCall, to value: Value) throws(ChatTemplateError) -> Value {
        var arguments: [Value?] = []
        for argument in call.arguments { arguments.append(try evaluate(argument)) }
        return try apply(call.filter, to: value, arguments)
    }

    private mutating func apply(
        _ filter: Jinja.Filter, to value: Value, _ arguments: [Value?]
    ) throws(ChatTemplateError) -> Value {
        switch filter {
        case .trim:
            let characters = arguments[0] == nil ? nil : try text(of: arguments[0] ?? .none)
            return .text(try text(of: value).stripped(.both, characters: characters))
        case .upper: return .text(try text(of: value).changed(to: .upper))
        case .lower: return .text(try text(of: value).changed(to: .lower))
        case .capitalize: return .text(try text(of: value).changed(to: .capitalized))
        case .string: return .text(try text(of: value))
        case .safe: return .text(try text(of: value))
        case .length: return .integer(try length(of: value))
        case .tojson: return .text(try json(value, arguments))
        case .join:
            let separator = try text(of: arguments[0] ?? .plain(""))
            var elements = try elements(of: value)
            if let attribute = arguments[1] { elements = try attributes(attribute, of: elements) }
            return .text(try joined(elements, separator, mustBeTexts: false))
        case .default:
            let isMissing =
                if case .undefined = value { true } else { (arguments[1]?.isTrue ?? false) && !value.isTrue }
            return isMissing ? arguments[0] ?? .literal("") : value
        case .list: return try list(try elements(of: value))
        case .items: return try items(of: value)
        case .first: return try elementsAtEnds(of: value).first ?? .undefined("there is no first element")
        case .last: return try elementsAtEnds(of: value).last ?? .undefined("there is no last element")
        case .reverse: return try reversed(value)
        case .replace:
            return try replaced(
                try text(of: value),
                [.text(try text(of: arguments[0] ?? .none)), .text(try text(of: arguments[1] ?? .none)), arguments[2]])
        case .int: return try integer(value) ?? arguments[0] ?? .integer(0)
        case .dictsort: return try sortedItems(of: value, arguments)
        case .indent: return .text(try indented(try text(of: value), arguments))
        }
    }

    private mutating func length(of value: Value) throws(ChatTemplateError) -> Int {
        switch value {
        case .undefined: return 0
        case .text(let text):
            try spend(text.count)
            return text.scalarCount
        case .list(let list): return list.elements.count
        case .dictionary(let dictionary): return dictionary.count
        case .none, .bool, .integer, .namespace, .loop: throw failure("\(value.kind) has no length")
        }
    }

    private mutating func items(of value: Value) throws(ChatTemplateError) -> Value {
        switch value {
        case .undefined: return try list([])
        case .dictionary(let dictionary):
            try spend(128 * dictionary.count)
            return try list(dictionary.items)
        default: throw failure("\(value.kind) has no items")
        }
    }

    /// The elements; of a text only the first and the last.
    private mutating func elementsAtEnds(of value: Value) throws(ChatTemplateError) -> [Value] {
        guard case .text(let text) = value else { return try elements(of: value) }
        guard !text.isEmpty else { return [] }
        return [
            .text(text[0..<text.scalar(at: 0).end]), .text(text[text.scalarStart(before: text.count)..<text.count]),
        ]
    }

    private mutating func reversed(_ value: Value) throws(ChatTemplateError) -> Value {
        guard case .text = value else { return try list(try elements(of: value).reversed()) }
        return .text(try joined(try elements(of: value).reversed(), MarkedText(), mustBeTexts: true))
    }

    /// A dictionary's entries by ascending key; ASCII letters' case counts only if the first argument says so.
    private mutating func sortedItems(of value: Value, _ arguments: [Value?]) throws(ChatTemplateError) -> Value {
        guard case .dictionary(let dictionary) = value else { throw failure("\(value.kind) has no items") }
        let isExact = arguments[0]?.isTrue ?? false
        let bytes = dictionary.entries.reduce(0) { $0 + $1.key.count }
        // A sort compares each key with at most as many others as a power of two has bits.
        try spend(64 * (bytes + 128 * dictionary.count))
        let entries = dictionary.entries.map { entry in
            (order: isExact ? entry.key : entry.key.changed(to: .lower), entry: entry)
        }
        let isDescending = arguments[2]?.isTrue ?? false
        let sorted = entries.sorted {
            isDescending ? MarkedText.isLess($1.order, $0.order) : MarkedText.isLess($0.order, $1.order)
        }
        return try list(sorted.map { .list(Jinja.List([.text($0.entry.key), $0.entry.value])) })
    }

    /// Every line but the first and empty ones behind an indent: a number of spaces or a text.
    private mutating func indented(_ text: MarkedText, _ arguments: [Value?]) throws(ChatTemplateError) -> MarkedText {
        var indent = MarkedText("    ", isTrusted: true)
        if case .text(let given) = arguments[0] { indent = given }
        if let width = arguments[0]?.integer {
            guard (0...64).contains(width) else { throw failure("an indent of \(width)") }
            indent = MarkedText(String(repeating: " ", count: width), isTrusted: true)
        }
        let (indentsFirst, indentsEmpty) = (arguments[1]?.isTrue ?? false, arguments[2]?.isTrue ?? false)
        var whole = text
        whole.append(MarkedText("\n", isTrusted: true))
        var result = MarkedText()
        for (index, line) in whole.lines().enumerated() {
            if index > 0 { result.append(MarkedText("\n", isTrusted: true)) }
            let isIndented = index == 0 ? indentsFirst : indentsEmpty || !line.isEmpty
            try spend(line.count + 16 + (isIndented ? indent.count : 0))
            if isIndented { result.append(indent) }
            result.append(whole, line)
        }
        return result
    }

    /// A whole number as Python reads it, what follows a decimal point dropped; nil for anything else.
    private func integer(_ value: Value) throws(ChatTemplateError) -> Value? {
        if case .undefined(let reason) = value { throw failure(reason) }
        if let number = value.integer { return .integer(number) }
        guard case .text(let text) = value else { return nil }
        let digits = text.stripped().utf8
        let isNegative = digits.first == UInt8(ascii: "-")
        let unsigned = isNegative || digits.first == UInt8(ascii: "+") ? digits.dropFirst() : digits[...]
        let parts = unsigned.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, !whole.isEmpty,
            parts.allSatisfy({ $0.allSatisfy { (0x30...0x39).contains($0) } })
        else { return nil }
        var number = 0
        for digit in whole {
            let (product, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            let (difference, overflows) = product.subtractingReportingOverflow(Int(digit - 0x30))
            guard !isTooLarge, !overflows else { throw failure("a whole number of more than 64 bits") }
            number = difference
        }
        guard isNegative || number != .min else { throw failure("a whole number of more than 64 bits") }
        return .integer(isNegative ? number : -number)
    }

    /// What `map`, `select` and its kin go over: nothing when the value is not true, whatever it is.
    private mutating func mappedElements(_ base: Jinja.Expression) throws(ChatTemplateError) -> [Value] {
        let value = try evaluate(base)
        return value.isTrue ? try elements(of: value) : []
    }

    /// `map`, `select` and its kin.
    mutating func mapped(_ kind: Jinja.Expression.Kind) throws(ChatTemplateError) -> Value {
        var result: [Value] = []
        switch kind {
        case .map(let base, let call):
            for element in try mappedElements(base) {
                try spend(32)
                result.append(try apply(call, to: element))
            }
        case .mapAttribute(let base, let path, let otherwise):
            let elements = try mappedElements(base)
            let otherwise = try evaluate(otherwise)
            for element in elements {
                let found = try follow(path, from: element)
                if case .undefined = found { result.append(otherwise ?? found) } else { result.append(found) }
            }
        case .select(let base, let path, let call, let keeps):
            let elements = try mappedElements(base)
            var arguments: [Value] = []
            for argument in call?.arguments ?? [] { arguments.append(try evaluate(argument)) }
            for element in elements {
                try spend(32)
                var tested = element
                if let path { tested = try follow(path, from: element) }
                let isKept = if let call { try passes(tested, call.test, arguments) } else { tested.isTrue }
                if isKept == keeps { result.append(element) }
            }
        default: preconditionFailure("no other kind maps")
        }
        return try list(result)
    }

    private mutating func follow(_ path: Jinja.AttributePath, from value: Value) throws(ChatTemplateError) -> Value {
        try spend(32 * path.steps.count)
        var value = value
        for step in path.steps { value = try item(value, step) }
        return value
    }

    /// The attribute that `join` is given.
    private mutating func attributes(_ name: Value, of elements: [Value]) throws(ChatTemplateError) -> [Value] {
        guard case .text(let name) = name else { throw failure("\(name.kind) as an attribute") }
        let steps = name.parts(between: name.occurrences(of: MarkedText(".", isTrusted: true)))
        let path = Jinja.AttributePath(steps: steps.map { .text(name[$0]) })
        var result: [Value] = []
        for element in elements { result.append(try follow(path, from: element)) }
        return result
    }
}
