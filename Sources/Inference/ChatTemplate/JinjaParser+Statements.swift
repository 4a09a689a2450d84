extension Jinja.Parser {
    /// Statements up to a block that begins with one of `ends`, which is not consumed; with none, up to the end.
    mutating func parseStatements(until ends: Set<String>) throws(ChatTemplateError) -> [Jinja.Statement] {
        try nested { (parser) throws(ChatTemplateError) in
            var statements: [Jinja.Statement] = []
            while true {
                let line = parser.line
                switch parser.current.kind {
                case .data(let text):
                    parser.advance()
                    statements.append(
                        Jinja.Statement(kind: .text(MarkedText(text, isTrusted: true)), line: line))
                case .variableBegin:
                    parser.advance()
                    let value = try parser.parseTuple()
                    try parser.expect(.variableEnd)
                    statements.append(Jinja.Statement(kind: .output(value), line: line))
                case .blockBegin:
                    if case .name(let name) = parser.next.kind, ends.contains(name) { return statements }
                    parser.advance()
                    statements += try parser.parseBlock()
                default:
                    guard ends.isEmpty else {
                        throw .syntax(line: line, reason: "the template ends within a block")
                    }
                    return statements
                }
            }
        }
    }

    /// Consumes `{% name` of an end.
    private mutating func expectBlock(_ name: String) throws(ChatTemplateError) {
        try expect(.blockBegin)
        try expect(.name(name))
    }

    private mutating func parseBody(end: String) throws(ChatTemplateError) -> [Jinja.Statement] {
        try expect(.blockEnd)
        let body = try parseStatements(until: [end])
        try expectBlock(end)
        try expect(.blockEnd)
        return body
    }

    private mutating func parseBlock() throws(ChatTemplateError) -> [Jinja.Statement] {
        let line = line
        let name = try expectName()
        let kind: Jinja.Statement.Kind
        switch name {
        case "set": kind = try parseSet()
        case "if": kind = try parseIf()
        case "for": kind = try parseFor()
        case "macro": kind = try parseMacro()
        case "with": kind = try parseWith()
        // Marks what the model says, for training; what it writes is what is in it.
        case "generation": return try parseBody(end: "endgeneration")
        case "break", "continue":
            guard loopDepth > 0 else { throw .syntax(line: line, reason: "'\(name)' outside of a loop") }
            try expect(.blockEnd)
            kind = name == "break" ? .leaveLoop : .nextElement
        case "elif", "else", "endif", "endfor", "endset", "endmacro", "endwith", "endgeneration":
            throw .syntax(line: line, reason: "an unexpected '\(name)'")
        default: throw unsupported("the block '\(name)'", line)
        }
        return [Jinja.Statement(kind: kind, line: line)]
    }

    private mutating func parseSet() throws(ChatTemplateError) -> Jinja.Statement.Kind {
        let target = try parseTarget(allowsMember: true)
        if skip("=") {
            let value = try parseTuple()
            try expect(.blockEnd)
            return .assign(target, value)
        }
        var filters: [Jinja.FilterCall] = []
        while skip("|") { filters.append(try parseFilterCall()) }
        // A block that is assigned cannot leave a loop around it.
        let outerLoops = loopDepth
        loopDepth = 0
        let body = try parseBody(end: "endset")
        loopDepth = outerLoops
        return .capture(target, body, filters: filters)
    }

    /// `a`, `a, b`, `(a, b)`, or `a.b` of a namespace.
    private mutating func parseTarget(allowsMember: Bool) throws(ChatTemplateError) -> Jinja.Target {
        let isParenthesized = skip("(")
        var names = [try parseTargetName()]
        if allowsMember, !isParenthesized, skip(".") {
            return .member(of: id(of: names[0]), names[0], name: try expectName())
        }
        var isList = false
        while skip(",") {
            isList = true
            guard case .name(let name) = current.kind, name != "in" else { break }
            names.append(try parseTargetName())
        }
        if isParenthesized { try expect(")") }
        return isList ? .names(names.map { id(of: $0) }) : .name(id(of: names[0]))
    }

    private static let reserved: Set<String> = [
        "loop", "true", "false", "none", "True", "False", "None", "caller", "varargs", "kwargs",
    ]

    private mutating func parseTargetName() throws(ChatTemplateError) -> String {
        let line = line
        let name = try expectName()
        guard !Self.reserved.contains(name) else {
            throw .syntax(line: line, reason: "'\(name)' cannot be assigned to")
        }
        if macros.contains(name) || Jinja.Function.names.contains(name) {
            throw unsupported("the name '\(name)' of a function for something else", line)
        }
        return name
    }

    private mutating func parseIf() throws(ChatTemplateError) -> Jinja.Statement.Kind {
        var branches: [(condition: Jinja.Expression, body: [Jinja.Statement])] = []
        var otherwise: [Jinja.Statement] = []
        while true {
            let condition = try parseTuple(allowsConditional: false)
            try expect(.blockEnd)
            branches.append((condition, try parseStatements(until: ["elif", "else", "endif"])))
            try expect(.blockBegin)
            if skip(word: "elif") { continue }
            if skip(word: "else") {
                otherwise = try parseBody(end: "endif")
            } else {
                try expect(.name("endif"))
                try expect(.blockEnd)
            }
            return .branch(branches, otherwise: otherwise)
        }
    }

    private mutating func parseFor() throws(ChatTemplateError) -> Jinja.Statement.Kind {
        let target = try parseTarget(allowsMember: false)
        try expect(.name("in"))
        let elements = try parseTuple(allowsConditional: false)
        let condition = skip(word: "if") ? try parseExpression() : nil
        if current.kind == .name("recursive") { throw unsupported("a recursive loop") }
        try expect(.blockEnd)

        let sawLoopBefore = sawLoop
        sawLoop = false
        loopDepth += 1
        let body = try parseStatements(until: ["else", "endfor"])
        loopDepth -= 1
        let usesLoop = sawLoop
        sawLoop = sawLoop || sawLoopBefore

        try expect(.blockBegin)
        var otherwise: [Jinja.Statement] = []
        if skip(word: "else") {
            otherwise = try parseBody(end: "endfor")
        } else {
            try expect(.name("endfor"))
            try expect(.blockEnd)
        }
        return .loop(
            Jinja.Loop(
                target: target, elements: elements, condition: condition, body: body, otherwise: otherwise,
                usesLoop: usesLoop))
    }

    private mutating func parseMacro() throws(ChatTemplateError) -> Jinja.Statement.Kind {
        guard loopDepth == 0, macroDepth == 0 else { throw unsupported("a macro within a loop or macro") }
        let name = try expectName()
        guard !Jinja.Function.names.contains(name), !Self.reserved.contains(name) else {
            throw unsupported("the name '\(name)' for a macro")
        }
        try expect("(")
        var parameters: [(name: Jinja.NameID, text: String, otherwise: Jinja.Expression?)] = []
        while !skip(")") {
            if !parameters.isEmpty { try expect(",") }
            let text = try parseTargetName()
            guard !parameters.contains(where: { $0.text == text }) else {
                throw .syntax(line: line, reason: "two parameters are called '\(text)'")
            }
            let otherwise = skip("=") ? try parseExpression() : nil
            if otherwise == nil, parameters.last?.otherwise != nil {
                throw .syntax(line: line, reason: "a parameter without a default after one with")
            }
            parameters.append((id(of: text), text, otherwise))
        }
        macroDepth += 1
        let body = try parseBody(end: "endmacro")
        macroDepth -= 1
        return .macro(Jinja.Macro(name: id(of: name), parameters: parameters, body: body))
    }

    private mutating func parseWith() throws(ChatTemplateError) -> Jinja.Statement.Kind {
        var assignments: [(Jinja.NameID, Jinja.Expression)] = []
        while current.kind != .blockEnd {
            if !assignments.isEmpty { try expect(",") }
            let name = id(of: try parseTargetName())
            try expect("=")
            assignments.append((name, try parseExpression()))
        }
        return .scope(assignments, try parseBody(end: "endwith"))
    }
}
