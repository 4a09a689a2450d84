extension Jinja.Run {
    mutating func call(_ function: Jinja.Function, _ arguments: [Value?]) throws(ChatTemplateError) -> Value {
        switch function {
        case .raiseException:
            guard let message = arguments[0] else { throw failure("an exception without a message") }
            throw .refused(message: Self.shortened(try text(of: message).text))
        case .range: return try range(arguments)
        case .strftimeNow:
            guard case .text(let format) = arguments[0] else { throw failure("a date's format that is no text") }
            try spend(16 * format.count)
            guard let text = date.formatted(format.text) else {
                throw failure("a date's format other than %a %A %b %B %d %e %H %I %j %m %M %p %S %y %Y %-d %-m")
            }
            return .plain(text)
        }
    }

    /// The first kibibyte of a message, so that no refusal outgrows an answer.
    private static func shortened(_ message: String) -> String {
        String(decoding: MarkedText(message, isTrusted: false).prefix(bytes: 1024), as: UTF8.self)
    }

    private mutating func range(_ arguments: [Value?]) throws(ChatTemplateError) -> Value {
        var bounds: [Int] = []
        for case .some(let argument) in arguments {
            guard let bound = argument.integer else { throw failure("a range of \(argument.kind)") }
            bounds.append(bound)
        }
        let (start, end) = bounds.count == 1 ? (0, bounds[0]) : (bounds[0], bounds[1])
        let step = bounds.count == 3 ? bounds[2] : 1
        guard step != 0 else { throw failure("a range with the step 0") }
        var elements: [Value] = []
        for value in stride(from: start, to: end, by: step) {
            guard elements.count < limits.elements else { throw .limit("more than \(limits.elements) elements") }
            elements.append(.integer(value))
        }
        return try list(elements)
    }

    mutating func call(
        macro id: Jinja.NameID, _ name: String, _ arguments: [Jinja.Expression], _ keywords: [Jinja.Keyword]
    ) throws(ChatTemplateError) -> Value {
        guard let macro = macros[id] else { throw failure("the macro '\(name)' is not defined yet") }
        guard arguments.count <= macro.parameters.count else { throw failure("too many arguments for '\(name)'") }
        var scope: [Jinja.NameID: Value] = [:]
        for (parameter, argument) in zip(macro.parameters, arguments) {
            scope[parameter.name] = try evaluate(argument)
        }
        for keyword in keywords {
            guard let parameter = macro.parameters.first(where: { $0.text == keyword.name }),
                scope[parameter.name] == nil
            else { throw failure("'\(name)' takes no argument '\(keyword.name)' here") }
            scope[parameter.name] = try evaluate(keyword.value)
        }
        // A macro sees the template's own variables and its arguments, not those around its call.
        let caller = scopes
        scopes = [scopes[0], scope]
        for parameter in macro.parameters where scopes[1][parameter.name] == nil {
            scopes[1][parameter.name] =
                try evaluate(parameter.otherwise) ?? .undefined("the parameter '\(parameter.text)' was not given")
        }
        let text = try captured { (run) throws(ChatTemplateError) in _ = try run.execute(macro.body) }
        scopes = caller
        return .text(text)
    }

    mutating func call(
        _ method: Jinja.Method, of value: Value, _ arguments: [Value?]
    ) throws(ChatTemplateError) -> Value {
        switch value {
        case .text(let text):
            try spend(32 + 2 * text.count)
            if let result = try call(method, of: text, arguments) { return result }
        case .dictionary(let dictionary):
            try spend(64 * dictionary.count)
            switch method {
            case .items: return try list(dictionary.items)
            case .keys: return try list(dictionary.keys)
            case .values: return try list(dictionary.values)
            case .get:
                guard case .text(let key) = arguments[0] else { break }
                return dictionary[key.utf8] ?? arguments[1] ?? .none
            default: break
            }
        case .undefined(let reason): throw failure(reason)
        default: break
        }
        guard method != .append else { throw failure("'append' would change a list, which templates may not") }
        throw failure("\(value.kind) has no method '\(method.rawValue)' for such arguments")
    }

    /// nil for a method that texts do not have.
    private mutating func call(
        _ method: Jinja.Method, of text: MarkedText, _ arguments: [Value?]
    ) throws(ChatTemplateError) -> Value? {
        switch method {
        case .strip: return .text(text.stripped(.both, characters: try optionalText(arguments[0])))
        case .lstrip: return .text(text.stripped(.left, characters: try optionalText(arguments[0])))
        case .rstrip: return .text(text.stripped(.right, characters: try optionalText(arguments[0])))
        case .split: return try split(text, arguments, fromRight: false)
        case .rsplit: return try split(text, arguments, fromRight: true)
        case .splitlines: return try list(text.lines(), of: text)
        case .startswith: return .bool(try patterns(arguments[0]).contains { text.starts(with: $0) })
        case .endswith: return .bool(try patterns(arguments[0]).contains { text.ends(with: $0) })
        case .removeprefix:
            let prefix = try pattern(arguments[0])
            return .text(text.starts(with: prefix) ? text[prefix.count..<text.count] : text)
        case .removesuffix:
            let suffix = try pattern(arguments[0])
            return .text(text.ends(with: suffix) ? text[0..<(text.count - suffix.count)] : text)
        case .replace: return try replaced(text, arguments)
        case .upper: return .text(text.changed(to: .upper))
        case .lower: return .text(text.changed(to: .lower))
        case .capitalize: return .text(text.changed(to: .capitalized))
        case .title: return .text(text.changed(to: .title))
        case .find, .rfind:
            let pattern = try pattern(arguments[0])
            guard !pattern.isEmpty else { throw failure("a search for an empty text") }
            let found =
                method == .find
                ? text.occurrences(of: pattern, limit: 1) : text.lastOccurrences(of: pattern, limit: 1)
            return .integer(found.first.map { text[0..<$0.lowerBound].scalarCount } ?? -1)
        case .count:
            let pattern = try pattern(arguments[0])
            guard !pattern.isEmpty else { throw failure("a search for an empty text") }
            return .integer(text.occurrences(of: pattern).count)
        case .join: return .text(try joined(try elements(of: arguments[0] ?? .none), text, mustBeTexts: true))
        case .items, .keys, .values, .get, .append: return nil
        }
    }

    private mutating func pattern(_ value: Value?) throws(ChatTemplateError) -> MarkedText {
        guard case .text(let text) = value else {
            throw failure("\((value ?? .none).kind) where a text is needed")
        }
        try spend(text.count)
        return text
    }

    private mutating func optionalText(_ value: Value?) throws(ChatTemplateError) -> MarkedText? {
        switch value {
        case nil, .some(.none): nil
        default: try pattern(value)
        }
    }

    /// One text, or several in a list.
    private mutating func patterns(_ value: Value?) throws(ChatTemplateError) -> [MarkedText] {
        guard case .list(let list) = value else { return [try pattern(value)] }
        var patterns: [MarkedText] = []
        for element in list.elements { patterns.append(try pattern(element)) }
        return patterns
    }

    /// The limit of replacements or cuts; none for a negative one.
    private func limit(_ value: Value?) throws(ChatTemplateError) -> Int {
        guard let value else { return .max }
        guard let limit = value.integer else { throw failure("\(value.kind) as a count") }
        return limit < 0 ? .max : limit
    }

    mutating func replaced(_ text: MarkedText, _ arguments: [Value?]) throws(ChatTemplateError) -> Value {
        let (old, new) = (try pattern(arguments[0]), try pattern(arguments[1]))
        guard !old.isEmpty else { throw failure("a replacement of an empty text") }
        var limit = arguments[2]
        if case .some(.none) = limit { limit = nil }
        let bound = try self.limit(limit)
        let count = text.occurrences(of: old, limit: bound).count
        let (added, isTooLarge) = count.multipliedReportingOverflow(by: new.count)
        guard !isTooLarge, added <= limits.work else { throw .limit("more than \(limits.work) units of work") }
        try spend(text.count + 16 * count + added)
        return .text(text.replacing(old, with: new, limit: bound))
    }

    private mutating func split(
        _ text: MarkedText, _ arguments: [Value?], fromRight: Bool
    ) throws(ChatTemplateError) -> Value {
        let limit = try limit(arguments[1])
        guard let separator = try optionalText(arguments[0]) else {
            guard !fromRight || limit == .max else { throw failure("'rsplit' at white space with a count") }
            return try list(text.partsBetweenWhiteSpace(limit: limit), of: text)
        }
        guard !separator.isEmpty else { throw failure("a split at an empty text") }
        let places =
            fromRight
            ? text.lastOccurrences(of: separator, limit: limit) : text.occurrences(of: separator, limit: limit)
        return try list(text.parts(between: places), of: text)
    }

    mutating func joined(
        _ elements: [Value], _ separator: MarkedText, mustBeTexts: Bool
    ) throws(ChatTemplateError) -> MarkedText {
        var result = MarkedText()
        for (index, element) in elements.enumerated() {
            if mustBeTexts, case .text = element {} else if mustBeTexts { throw failure("\(element.kind) in a join") }
            let text = try text(of: element)
            if index > 0 {
                try spend(separator.count)
                result.append(separator)
            }
            result.append(text)
            guard result.count <= limits.output else { throw .limit("more than \(limits.output) bytes of text") }
        }
        return result
    }
}
