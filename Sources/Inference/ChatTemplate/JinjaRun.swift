extension Jinja {
    /// One rendering of a template.
    struct Run {
        let syntax: Syntax
        let limits: ChatTemplateLimits
        let date: CalendarDate
        var work: Int
        var depth = 0
        /// Variables by name, the innermost scope last.
        var scopes: [[NameID: Value]]
        var macros: [NameID: Macro] = [:]
        var namespaces: [Dictionary] = []
        var output = MarkedText()

        init(_ syntax: Syntax, _ limits: ChatTemplateLimits, variables: [String: Value], date: CalendarDate) {
            self.syntax = syntax
            self.limits = limits
            self.date = date
            work = limits.work
            var globals: [NameID: Value] = [:]
            for (name, value) in variables {
                if let id = syntax.names[name] { globals[id] = value }
            }
            scopes = [globals]
        }

        /// What the template writes.
        mutating func render() throws(ChatTemplateError) -> MarkedText {
            _ = try execute(syntax.statements)
            return output
        }

        /// What a statement says about what comes next.
        enum Flow {
            case goesOn
            case leavesLoop
            case takesNextElement
        }
    }
}

extension Jinja.Run {
    typealias Value = Jinja.Value

    mutating func spend(_ units: Int) throws(ChatTemplateError) {
        guard units <= work else { throw .limit("more than \(limits.work) units of work") }
        work -= units
    }

    /// An error in the line that is being evaluated, which ``evaluate(_:)`` fills in.
    func failure(_ reason: String) -> ChatTemplateError { .failed(line: 0, reason: reason) }

    /// Runs `body` one level deeper.
    mutating func deeper<Result>(
        _ body: (inout Self) throws(ChatTemplateError) -> Result
    ) throws(ChatTemplateError) -> Result {
        guard depth < limits.depth else { throw .limit("more than \(limits.depth) levels of evaluation") }
        depth += 1
        let result = try body(&self)
        depth -= 1
        return result
    }

    mutating func write(_ text: MarkedText) throws(ChatTemplateError) {
        try spend(text.count)
        guard output.count + text.count <= limits.output else {
            throw .limit("more than \(limits.output) bytes of text")
        }
        output.append(text)
    }

    /// What `body` writes.
    mutating func captured(
        _ body: (inout Self) throws(ChatTemplateError) -> Void
    ) throws(ChatTemplateError) -> MarkedText {
        var outer = MarkedText()
        swap(&outer, &output)
        try body(&self)
        swap(&outer, &output)
        return outer
    }

    mutating func list(_ elements: [Value]) throws(ChatTemplateError) -> Value {
        try spend(64 + 64 * elements.count)
        guard elements.count <= limits.elements else { throw .limit("more than \(limits.elements) elements") }
        let list = Jinja.List(elements)
        guard list.depth <= limits.nesting else { throw .limit("more than \(limits.nesting) levels of lists") }
        return .list(list)
    }

    /// A list of parts of a text.
    mutating func list(_ parts: [Range<Int>], of text: MarkedText) throws(ChatTemplateError) -> Value {
        guard parts.count <= limits.elements else { throw .limit("more than \(limits.elements) elements") }
        return try list(parts.map { .text(text[$0]) })
    }

    mutating func dictionary(_ dictionary: Jinja.Dictionary) throws(ChatTemplateError) -> Value {
        try spend(256 + 128 * dictionary.count)
        guard dictionary.count <= limits.elements else { throw .limit("more than \(limits.elements) elements") }
        guard dictionary.depth <= limits.nesting else { throw .limit("more than \(limits.nesting) levels of lists") }
        return .dictionary(dictionary)
    }

    func variable(_ id: Jinja.NameID) -> Value? {
        for scope in scopes.reversed() {
            if let value = scope[id] { return value }
        }
        return nil
    }

    mutating func assign(_ target: Jinja.Target, _ value: Value) throws(ChatTemplateError) {
        switch target {
        case .name(let id): scopes[scopes.count - 1][id] = value
        case .names(let ids):
            let elements = try elements(of: value)
            guard elements.count == ids.count else {
                throw failure("\(elements.count) values for \(ids.count) names")
            }
            for (id, element) in zip(ids, elements) { scopes[scopes.count - 1][id] = element }
        case .member(let id, let name, let member):
            guard case .namespace(let place) = variable(id) else { throw failure("'\(name)' is no namespace") }
            // No more members than the template has names.
            namespaces[place].set(MarkedText(member, isTrusted: true), value)
        }
    }

    /// What a loop or list goes over.
    mutating func elements(of value: Value) throws(ChatTemplateError) -> [Value] {
        switch value {
        case .undefined: return []
        case .list(let list): return list.elements
        case .dictionary(let dictionary):
            try spend(64 * dictionary.count)
            return dictionary.keys
        case .text(let text):
            let offsets = text.scalarOffsets()
            try spend(64 * offsets.count)
            guard offsets.count <= limits.elements else { throw .limit("more than \(limits.elements) elements") }
            return zip(offsets, offsets.dropFirst()).map { .text(text[$0..<$1]) }
        case .none, .bool, .integer, .namespace, .loop: throw failure("\(value.kind) has no elements")
        }
    }

    /// What a value looks like when it is written.
    mutating func text(of value: Value) throws(ChatTemplateError) -> MarkedText {
        switch value {
        case .undefined: return MarkedText()
        case .none: return MarkedText("None", isTrusted: false)
        case .bool(let value): return MarkedText(value ? "True" : "False", isTrusted: false)
        case .integer(let value): return MarkedText(String(value), isTrusted: false)
        case .text(let text):
            try spend(text.count)
            return text
        case .list, .dictionary, .namespace, .loop:
            throw failure("\(value.kind) cannot be written as text; 'tojson' can do it")
        }
    }
}
