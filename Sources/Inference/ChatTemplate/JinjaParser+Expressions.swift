extension Jinja.Parser {
    typealias Expression = Jinja.Expression

    /// One expression, or several with commas between them, which are a list.
    mutating func parseTuple(allowsConditional: Bool = true) throws(ChatTemplateError) -> Expression {
        let line = line
        let first = try allowsConditional ? parseExpression() : parseOr()
        guard current.kind == .symbol(",") else { return first }
        var elements = [first]
        while skip(",") {
            if isTupleEnd { break }
            elements.append(try allowsConditional ? parseExpression() : parseOr())
        }
        return try make(.list(elements), line)
    }

    private var isTupleEnd: Bool {
        [.variableEnd, .blockEnd, .symbol(")"), .name("recursive")].contains(current.kind)
    }

    /// An expression, `a if b else c` included.
    mutating func parseExpression() throws(ChatTemplateError) -> Expression {
        try nested { (parser) throws(ChatTemplateError) in
            let line = parser.line
            var result = try parser.parseOr()
            while parser.skip(word: "if") {
                let condition = try parser.parseOr()
                let otherwise = parser.skip(word: "else") ? try parser.parseExpression() : nil
                result = try parser.make(
                    .conditional(condition: condition, then: result, otherwise: otherwise), line)
            }
            return result
        }
    }

    private mutating func parseOr() throws(ChatTemplateError) -> Expression {
        var left = try parseAnd()
        while current.kind == .name("or") {
            let line = line
            advance()
            left = try make(.or(left, try parseAnd()), line)
        }
        return left
    }

    private mutating func parseAnd() throws(ChatTemplateError) -> Expression {
        var left = try parseNot()
        while current.kind == .name("and") {
            let line = line
            advance()
            left = try make(.and(left, try parseNot()), line)
        }
        return left
    }

    private mutating func parseNot() throws(ChatTemplateError) -> Expression {
        let line = line
        guard skip(word: "not") else { return try parseComparison() }
        return try nested { (parser) throws(ChatTemplateError) in
            try parser.make(.not(try parser.parseNot()), line)
        }
    }

    private mutating func parseComparison() throws(ChatTemplateError) -> Expression {
        let line = line
        let first = try parseSum()
        var rest: [(Jinja.Comparison, Expression)] = []
        while let comparison = skipComparison() { rest.append((comparison, try parseSum())) }
        return rest.isEmpty ? first : try make(.comparison(first, rest), line)
    }

    private mutating func skipComparison() -> Jinja.Comparison? {
        switch current.kind {
        case .symbol(let symbol):
            guard let comparison = Jinja.Comparison(rawValue: symbol) else { return nil }
            advance()
            return comparison
        case .name("in"):
            advance()
            return .isIn
        case .name("not"):
            guard next.kind == .name("in") else { return nil }
            advance()
            advance()
            return .isNotIn
        default: return nil
        }
    }

    private mutating func parseSum() throws(ChatTemplateError) -> Expression {
        var left = try parseConcatenation()
        while current.kind == .symbol("+") || current.kind == .symbol("-") {
            let (line, kind) = (line, current.kind)
            advance()
            left = try make(.arithmetic(kind == .symbol("+") ? .add : .subtract, left, try parseConcatenation()), line)
        }
        return left
    }

    private mutating func parseConcatenation() throws(ChatTemplateError) -> Expression {
        let line = line
        var parts = [try parseProduct()]
        while skip("~") { parts.append(try parseProduct()) }
        return parts.count == 1 ? parts[0] : try make(.concatenation(parts), line)
    }

    private mutating func parseProduct() throws(ChatTemplateError) -> Expression {
        var left = try parseUnary()
        while case .symbol(let symbol) = current.kind {
            if symbol == "/" { throw unsupported("the division '/', whose results are not whole") }
            if symbol == "**" { throw unsupported("the power '**'") }
            guard let operation = Jinja.Arithmetic(rawValue: symbol), operation != .add, operation != .subtract else {
                break
            }
            let line = line
            advance()
            left = try make(.arithmetic(operation, left, try parseUnary()), line)
        }
        return left
    }

    private mutating func parseUnary(takesFilters: Bool = true) throws(ChatTemplateError) -> Expression {
        let line = line
        var result: Expression
        if skip("-") {
            result = try nested { (parser) throws(ChatTemplateError) in
                try parser.make(.negative(try parser.parseUnary(takesFilters: false)), line)
            }
        } else if skip("+") {
            result = try nested { (parser) throws(ChatTemplateError) in
                try parser.make(.positive(try parser.parseUnary(takesFilters: false)), line)
            }
        } else {
            result = try parsePostfix(try parsePrimary())
        }
        guard takesFilters else { return result }
        while true {
            let line = self.line
            if skip("|") {
                result = try parseFilter(of: result, line)
            } else if skip(word: "is") {
                result = try parseTest(of: result, line)
            } else {
                return result
            }
        }
    }

    mutating func parsePrimary() throws(ChatTemplateError) -> Expression {
        let line = line
        switch current.kind {
        case .name(let name):
            advance()
            return try parseName(name, line)
        case .string(var text):
            advance()
            while case .string(let more) = current.kind {
                text.unicodeScalars.append(contentsOf: more.unicodeScalars)
                advance()
            }
            return try make(.literal(.literal(text)), line)
        case .integer(let value):
            advance()
            return try make(.literal(.integer(value)), line)
        case .symbol("("):
            advance()
            if skip(")") { return try make(.list([]), line) }
            let inner = try parseTuple()
            try expect(")")
            return inner
        case .symbol("["):
            advance()
            return try make(.list(try parseElements(until: "]")), line)
        case .symbol("{"):
            advance()
            return try parseDictionary(line)
        default: throw .syntax(line: line, reason: "an unexpected '\(current.description)'")
        }
    }

    private mutating func parseName(_ name: String, _ line: Int) throws(ChatTemplateError) -> Expression {
        switch name {
        case "true", "True": return try make(.literal(.bool(true)), line)
        case "false", "False": return try make(.literal(.bool(false)), line)
        case "none", "None": return try make(.literal(.none), line)
        case "caller", "varargs", "kwargs": throw unsupported("the name '\(name)'", line)
        case "loop":
            sawLoop = true
            guard current.kind == .symbol("."), case .name(let attribute) = next.kind else {
                throw unsupported("'loop' without one of its attributes", line)
            }
            guard Jinja.LoopState.attributes.contains(attribute) else {
                throw unsupported("the attribute 'loop.\(attribute)'", line)
            }
        default: break
        }
        if current.kind == .symbol("(") { return try parseCall(of: name, line) }
        if macros.contains(name) || Jinja.Function.names.contains(name) {
            // `f is defined` asks only whether there is such a function.
            if asksWhetherDefined { return try make(.literal(.bool(true)), line) }
            throw unsupported("the function '\(name)' without a call", line)
        }
        return try make(.variable(id(of: name), name), line)
    }

    private var asksWhetherDefined: Bool {
        guard current.kind == .name("is") else { return false }
        return next.kind == .name("defined") || (next.kind == .name("not") && look(2).kind == .name("defined"))
    }

    private mutating func parseElements(until end: String) throws(ChatTemplateError) -> [Expression] {
        var elements: [Expression] = []
        while !skip(end) {
            if !elements.isEmpty {
                try expect(",")
                if skip(end) { break }
            }
            elements.append(try parseExpression())
        }
        return elements
    }

    private mutating func parseDictionary(_ line: Int) throws(ChatTemplateError) -> Expression {
        var entries: [(key: Expression, value: Expression)] = []
        while !skip("}") {
            if !entries.isEmpty {
                try expect(",")
                if skip("}") { break }
            }
            let key = try parseExpression()
            if case .literal(let value) = key.kind, value.kind != Jinja.Value.literal("").kind {
                throw unsupported("\(value.kind) as a dictionary's key", key.line)
            }
            try expect(":")
            entries.append((key, try parseExpression()))
        }
        return try make(.dictionary(entries), line)
    }

    mutating func parsePostfix(_ base: Expression) throws(ChatTemplateError) -> Expression {
        var result = base
        while true {
            let line = line
            if skip(".") {
                if case .integer(let index) = current.kind {
                    advance()
                    result = try make(.item(result, try make(.literal(.integer(index)), line)), line)
                    continue
                }
                let name = try expectName()
                result =
                    current.kind == .symbol("(")
                    ? try parseMethodCall(of: result, name, line) : try make(.attribute(result, name), line)
            } else if skip("[") {
                result = try parseSubscript(of: result, line)
            } else if current.kind == .symbol("(") {
                throw unsupported("a call of something other than a function, macro or method", line)
            } else {
                return result
            }
        }
    }

    private mutating func parseSubscript(of base: Expression, _ line: Int) throws(ChatTemplateError) -> Expression {
        var bounds: [Expression?] = []
        var isSlice = false
        while true {
            let isEmpty = current.kind == .symbol(":") || current.kind == .symbol("]")
            bounds.append(isEmpty ? nil : try parseExpression())
            guard bounds.count < 3, skip(":") else { break }
            isSlice = true
        }
        if current.kind == .symbol(",") { throw unsupported("a subscript with a comma", line) }
        try expect("]")
        if !isSlice, let index = bounds[0] { return try make(.item(base, index), line) }
        guard isSlice else { throw .syntax(line: line, reason: "an empty subscript") }
        return try make(
            .slice(base, from: bounds[0], to: bounds[1], step: bounds.count == 3 ? bounds[2] : nil), line)
    }
}
