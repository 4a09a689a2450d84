extension Jinja {
    /// A template, read: what to do, and how many names it knows.
    struct Syntax: Sendable {
        let statements: [Statement]
        let names: [String: NameID]
    }

    /// The number of the name `loop` in every template.
    static let loopName: NameID = 0

    /// Makes a tree of a template's tokens, by the grammar of `jinja2`'s own parser.
    ///
    /// What is outside the subset is refused here, not when a conversation first reaches it.
    struct Parser {
        private let tokens: [Token]
        private var position = 0
        private let limits: ChatTemplateLimits
        private var nesting = 0
        private(set) var names: [String: NameID] = ["loop": loopName]
        /// The template's macros: only these and known functions can be called.
        let macros: Set<String>
        /// Whether `loop` was met since this was last cleared.
        var sawLoop = false
        /// Loops and macros around the current place.
        var loopDepth = 0
        var macroDepth = 0

        static func parse(_ text: String, _ limits: ChatTemplateLimits) throws(ChatTemplateError) -> Syntax {
            guard text.utf8.count <= limits.source else { throw .limit("more than \(limits.source) bytes of template") }
            var parser = Parser(try Lexer.tokens(of: text), limits)
            let statements = try parser.parseStatements(until: [])
            return Syntax(statements: statements, names: parser.names)
        }

        private init(_ tokens: [Token], _ limits: ChatTemplateLimits) {
            self.tokens = tokens
            self.limits = limits
            var macros: Set<String> = []
            for index in tokens.indices.dropLast(2) where tokens[index].kind == .blockBegin {
                guard tokens[index + 1].kind == .name("macro"), case .name(let name) = tokens[index + 2].kind else {
                    continue
                }
                macros.insert(name)
            }
            self.macros = macros
        }

        var current: Token { tokens[position] }
        var next: Token { look(1) }
        func look(_ distance: Int) -> Token { tokens[min(position + distance, tokens.count - 1)] }
        var line: Int { current.line }

        mutating func advance() { position = min(position + 1, tokens.count - 1) }

        mutating func skip(_ kind: Token.Kind) -> Bool {
            guard current.kind == kind else { return false }
            advance()
            return true
        }

        mutating func skip(_ symbol: String) -> Bool { skip(.symbol(symbol)) }
        mutating func skip(word: String) -> Bool { skip(.name(word)) }

        mutating func expect(_ kind: Token.Kind) throws(ChatTemplateError) {
            guard !skip(kind) else { return }
            let wanted = Token(kind: kind, line: line)
            throw .syntax(line: line, reason: "'\(wanted.description)' is missing before '\(current.description)'")
        }

        mutating func expect(_ symbol: String) throws(ChatTemplateError) { try expect(.symbol(symbol)) }

        mutating func expectName() throws(ChatTemplateError) -> String {
            guard case .name(let name) = current.kind else {
                throw .syntax(line: line, reason: "a name is missing before '\(current.description)'")
            }
            advance()
            return name
        }

        func unsupported(_ construct: String, _ line: Int? = nil) -> ChatTemplateError {
            .unsupported(line: line ?? self.line, construct: construct)
        }

        mutating func id(of name: String) -> NameID {
            if let id = names[name] { return id }
            names[name] = names.count
            return names.count - 1
        }

        /// Runs `body` one level deeper.
        mutating func nested<Result>(
            _ body: (inout Parser) throws(ChatTemplateError) -> Result
        ) throws(ChatTemplateError) -> Result {
            guard nesting < limits.nesting else { throw .limit("more than \(limits.nesting) levels of nesting") }
            nesting += 1
            let result = try body(&self)
            nesting -= 1
            return result
        }

        /// A node of the tree.
        func make(_ kind: Expression.Kind, _ line: Int) throws(ChatTemplateError) -> Expression {
            let depth = 1 + (kind.children.map(\.depth).max() ?? 0)
            guard depth <= limits.nesting else { throw .limit("more than \(limits.nesting) levels of nesting") }
            return Expression(kind: kind, line: line, depth: depth)
        }
    }
}
