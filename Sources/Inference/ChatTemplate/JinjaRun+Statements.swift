extension Jinja.Run {
    mutating func execute(_ statements: [Jinja.Statement]) throws(ChatTemplateError) -> Flow {
        try deeper { (run) throws(ChatTemplateError) in
            for statement in statements {
                let flow: Flow
                do throws(ChatTemplateError) {
                    flow = try run.execute(statement)
                } catch .failed(line: 0, let reason) {
                    throw .failed(line: statement.line, reason: reason)
                }
                guard flow == .goesOn else { return flow }
            }
            return .goesOn
        }
    }

    private mutating func execute(_ statement: Jinja.Statement) throws(ChatTemplateError) -> Flow {
        try spend(32)
        switch statement.kind {
        case .text(let text): try write(text)
        case .output(let expression): try write(try text(of: try evaluate(expression)))
        case .assign(let target, let expression): try assign(target, try evaluate(expression))
        case .capture(let target, let body, let filters): try capture(target, body, filters)
        case .branch(let branches, let otherwise):
            for (condition, body) in branches where try evaluate(condition).isTrue { return try execute(body) }
            return try execute(otherwise)
        case .loop(let loop): try execute(loop)
        case .macro(let macro): macros[macro.name] = macro
        case .scope(let assignments, let body): return try execute(body, with: assignments)
        case .leaveLoop: return .leavesLoop
        case .nextElement: return .takesNextElement
        }
        return .goesOn
    }

    private mutating func capture(
        _ target: Jinja.Target, _ body: [Jinja.Statement], _ filters: [Jinja.FilterCall]
    ) throws(ChatTemplateError) {
        scopes.append([:])
        var value = Value.text(try captured { (run) throws(ChatTemplateError) in _ = try run.execute(body) })
        scopes.removeLast()
        for filter in filters { value = try apply(filter, to: value) }
        try assign(target, value)
    }

    private mutating func execute(
        _ body: [Jinja.Statement], with assignments: [(Jinja.NameID, Jinja.Expression)]
    ) throws(ChatTemplateError) -> Flow {
        var scope: [Jinja.NameID: Value] = [:]
        for (name, expression) in assignments { scope[name] = try evaluate(expression) }
        scopes.append(scope)
        let flow = try execute(body)
        scopes.removeLast()
        return flow
    }

    private mutating func execute(_ loop: Jinja.Loop) throws(ChatTemplateError) {
        var elements = try elements(of: try evaluate(loop.elements))
        let isLazy = !loop.usesLoop
        if !isLazy, let condition = loop.condition {
            var chosen: [Value] = []
            for element in elements where try isChosen(element, loop, condition) { chosen.append(element) }
            elements = chosen
        }
        var hasRun = false
        for (index, element) in elements.enumerated() {
            try spend(64)
            if isLazy, let condition = loop.condition, !(try isChosen(element, loop, condition)) { continue }
            hasRun = true
            scopes.append([:])
            try assign(loop.target, element)
            if loop.usesLoop {
                scopes[scopes.count - 1][Jinja.loopName] = .loop(
                    Jinja.LoopState(elements: elements, index: index))
            }
            let flow = try execute(loop.body)
            scopes.removeLast()
            if flow == .leavesLoop { break }
        }
        if !hasRun { _ = try execute(loop.otherwise) }
    }

    /// Whether an element passes the loop's condition.
    private mutating func isChosen(
        _ element: Value, _ loop: Jinja.Loop, _ condition: Jinja.Expression
    ) throws(ChatTemplateError) -> Bool {
        try spend(32)
        scopes.append([:])
        try assign(loop.target, element)
        let isChosen = try evaluate(condition).isTrue
        scopes.removeLast()
        return isChosen
    }
}
