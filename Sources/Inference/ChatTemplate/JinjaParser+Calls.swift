extension Jinja.Parser {
    /// Arguments as they are written: those without a name first.
    private struct Arguments {
        var plain: [Expression] = []
        var named: [Jinja.Keyword] = []
        let line: Int

        /// The arguments in the order of `parameters`, at most one for each.
        func bound(to parameters: [String], of construct: String) throws(ChatTemplateError) -> [Expression?] {
            guard plain.count <= parameters.count else {
                throw .unsupported(line: line, construct: "\(construct) with \(plain.count) arguments")
            }
            var result: [Expression?] = plain + Array(repeating: nil, count: parameters.count - plain.count)
            for keyword in named {
                guard let place = parameters.firstIndex(of: keyword.name), result[place] == nil else {
                    throw .unsupported(line: line, construct: "\(construct) with an argument '\(keyword.name)'")
                }
                result[place] = keyword.value
            }
            return result
        }
    }

    /// What stands in parentheses; nothing if there are none.
    private mutating func parseArguments() throws(ChatTemplateError) -> Arguments {
        var arguments = Arguments(line: line)
        guard skip("(") else { return arguments }
        var isFirst = true
        while !skip(")") {
            if !isFirst {
                try expect(",")
                if skip(")") { break }
            }
            isFirst = false
            if current.kind == .symbol("*") || current.kind == .symbol("**") {
                throw unsupported("an argument with '\(current.description)'")
            }
            if case .name(let name) = current.kind, next.kind == .symbol("=") {
                advance()
                advance()
                guard !arguments.named.contains(where: { $0.name == name }) else {
                    throw .syntax(line: line, reason: "two arguments are called '\(name)'")
                }
                arguments.named.append(Jinja.Keyword(name: name, value: try parseExpression()))
            } else {
                guard arguments.named.isEmpty else {
                    throw .syntax(line: line, reason: "an argument without a name after one with")
                }
                arguments.plain.append(try parseExpression())
            }
        }
        return arguments
    }

    private func require(_ count: Int, of arguments: [Expression?], _ construct: String, _ line: Int)
        throws(ChatTemplateError)
    {
        guard arguments.prefix(count).allSatisfy({ $0 != nil }) else {
            throw unsupported("\(construct) with too few arguments", line)
        }
    }

    mutating func parseCall(of name: String, _ line: Int) throws(ChatTemplateError) -> Expression {
        let arguments = try parseArguments()
        if macros.contains(name) {
            return try make(.macro(id(of: name), name, arguments.plain, arguments.named), line)
        }
        switch name {
        case "namespace":
            guard arguments.plain.count <= 1 else { throw unsupported("'namespace' with several arguments", line) }
            return try make(.namespace(of: arguments.plain.first, arguments.named), line)
        case "dict":
            guard arguments.plain.isEmpty else { throw unsupported("'dict' with an argument without a name", line) }
            return try make(.makeDictionary(arguments.named), line)
        default: break
        }
        guard let function = Jinja.Function(rawValue: name) else { throw unsupported("the function '\(name)'", line) }
        let bound = try arguments.bound(to: function.parameters, of: "the function '\(name)'")
        try require(1, of: bound, "the function '\(name)'", line)
        return try make(.function(function, bound), line)
    }

    mutating func parseMethodCall(of base: Expression, _ name: String, _ line: Int) throws(ChatTemplateError)
        -> Expression
    {
        guard let method = Jinja.Method(rawValue: name) else { throw unsupported("the method '\(name)'", line) }
        let construct = "the method '\(name)'"
        let bound = try parseArguments().bound(to: method.parameters, of: construct)
        try require(method.needed, of: bound, construct, line)
        return try make(.method(base, method, bound), line)
    }

    /// A filter's name and arguments, after the bar.
    mutating func parseFilterCall() throws(ChatTemplateError) -> Jinja.FilterCall {
        let line = line
        let name = try expectName()
        guard let filter = Jinja.Filter(name: name) else { throw unsupported("the filter '\(name)'", line) }
        return try call(filter, name, try parseArguments())
    }

    private func call(_ filter: Jinja.Filter, _ name: String, _ arguments: Arguments)
        throws(ChatTemplateError) -> Jinja.FilterCall
    {
        let construct = "the filter '\(name)'"
        let bound = try arguments.bound(to: filter.parameters, of: construct)
        try require(filter.needed, of: bound, construct, arguments.line)
        return Jinja.FilterCall(filter: filter, arguments: bound)
    }

    mutating func parseFilter(of base: Expression, _ line: Int) throws(ChatTemplateError) -> Expression {
        switch current.kind {
        case .name("map"): return try parseMap(of: base, line)
        case .name("select"), .name("reject"), .name("selectattr"), .name("rejectattr"):
            return try parseSelect(of: base, line)
        default: return try make(.filter(base, try parseFilterCall()), line)
        }
    }

    /// `map('filter', …)` or `map(attribute='…', default=…)`.
    private mutating func parseMap(of base: Expression, _ line: Int) throws(ChatTemplateError) -> Expression {
        advance()
        var arguments = try parseArguments()
        if arguments.plain.isEmpty {
            let bound = try arguments.bound(to: ["attribute", "default"], of: "the filter 'map'")
            guard let attribute = bound[0] else { throw unsupported("the filter 'map' without an attribute", line) }
            return try make(.mapAttribute(base, try path(attribute, line), otherwise: bound[1]), line)
        }
        let name = try literal(arguments.plain.removeFirst(), "the filter 'map'", line)
        guard let filter = Jinja.Filter(name: name) else { throw unsupported("the filter '\(name)'", line) }
        return try make(.map(base, try call(filter, name, arguments)), line)
    }

    /// `select`, `reject`: by a test; `selectattr`, `rejectattr`: by a test of an attribute.
    private mutating func parseSelect(of base: Expression, _ line: Int) throws(ChatTemplateError) -> Expression {
        let name = try expectName()
        let construct = "the filter '\(name)'"
        var arguments = try parseArguments()
        guard arguments.named.isEmpty else { throw unsupported("\(construct) with a named argument", line) }
        var attribute: Jinja.AttributePath?
        if name.hasSuffix("attr") {
            guard !arguments.plain.isEmpty else { throw unsupported("\(construct) without an attribute", line) }
            attribute = try path(arguments.plain.removeFirst(), line)
        }
        var call: Jinja.TestCall?
        if !arguments.plain.isEmpty {
            let test = try literal(arguments.plain.removeFirst(), construct, line)
            call = try self.call(test, arguments.plain, line)
        }
        return try make(.select(base, attribute, call, keeps: name.hasPrefix("select")), line)
    }

    private func literal(_ expression: Expression, _ construct: String, _ line: Int) throws(ChatTemplateError) -> String
    {
        guard case .literal(.text(let text)) = expression.kind else {
            throw unsupported("\(construct) with a computed name", line)
        }
        return text.text
    }

    private func path(_ expression: Expression, _ line: Int) throws(ChatTemplateError) -> Jinja.AttributePath {
        if case .literal(.integer(let index)) = expression.kind { return Jinja.AttributePath(steps: [.integer(index)]) }
        let text = try literal(expression, "an attribute", line)
        let steps = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return Jinja.AttributePath(
            steps: steps.map { step in
                let text = String(decoding: step, as: UTF8.self)
                let isIndex = !step.isEmpty && step.allSatisfy { (0x30...0x39).contains($0) }
                return isIndex ? Int(text).map(Jinja.Value.integer) ?? .literal(text) : .literal(text)
            })
    }

    private func call(_ name: String, _ arguments: [Expression], _ line: Int) throws(ChatTemplateError)
        -> Jinja.TestCall
    {
        guard let test = Jinja.Test(name: name) else { throw unsupported("the test '\(name)'", line) }
        guard arguments.count == test.arguments else {
            throw unsupported("the test '\(name)' with \(arguments.count) arguments", line)
        }
        return Jinja.TestCall(test: test, arguments: arguments)
    }

    mutating func parseTest(of base: Expression, _ line: Int) throws(ChatTemplateError) -> Expression {
        let isNegated = skip(word: "not")
        let name = try expectName()
        var arguments: [Expression] = []
        if current.kind == .symbol("(") {
            let given = try parseArguments()
            guard given.named.isEmpty else { throw unsupported("the test '\(name)' with a named argument", line) }
            arguments = given.plain
        } else if beginsArgument {
            arguments = [try parsePostfix(try parsePrimary())]
        }
        let test = try make(.test(base, try call(name, arguments, line)), line)
        return isNegated ? try make(.not(test), line) : test
    }

    /// Whether a test's argument without parentheses follows.
    private var beginsArgument: Bool {
        switch current.kind {
        case .name(let name): !["else", "or", "and", "is"].contains(name)
        case .string, .integer, .symbol("["), .symbol("{"): true
        default: false
        }
    }
}
