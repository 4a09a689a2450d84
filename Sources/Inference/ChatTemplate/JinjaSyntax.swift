extension Jinja {
    /// A name's number in its template.
    typealias NameID = Int

    /// Something that has a value.
    struct Expression: Sendable {
        let kind: Kind
        let line: Int
        /// Levels of the tree below, this one included.
        let depth: Int

        indirect enum Kind: Sendable {
            case literal(Value)
            case variable(NameID, String)
            case list([Expression])
            case dictionary([(key: Expression, value: Expression)])
            case attribute(Expression, String)
            case item(Expression, Expression)
            case slice(Expression, from: Expression?, to: Expression?, step: Expression?)
            case method(Expression, Method, [Expression?])
            case function(Function, [Expression?])
            case namespace(of: Expression?, [Keyword])
            case makeDictionary([Keyword])
            case macro(NameID, String, [Expression], [Keyword])
            case filter(Expression, FilterCall)
            case map(Expression, FilterCall)
            case mapAttribute(Expression, AttributePath, otherwise: Expression?)
            case select(Expression, AttributePath?, TestCall?, keeps: Bool)
            case test(Expression, TestCall)
            case not(Expression)
            case negative(Expression)
            case positive(Expression)
            case arithmetic(Arithmetic, Expression, Expression)
            case concatenation([Expression])
            case comparison(Expression, [(Comparison, Expression)])
            case and(Expression, Expression)
            case or(Expression, Expression)
            case conditional(condition: Expression, then: Expression, otherwise: Expression?)
        }
    }

    /// `name=value` in a call.
    struct Keyword: Sendable {
        let name: String
        let value: Expression
    }

    enum Arithmetic: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case floorDivide = "//"
        case remainder = "%"
    }

    enum Comparison: String, Sendable {
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case isIn = "in"
        case isNotIn = "not in"
    }

    /// A filter with its arguments in the order of its parameters.
    struct FilterCall: Sendable {
        let filter: Filter
        let arguments: [Expression?]
    }

    /// A test with its arguments in the order of its parameters.
    struct TestCall: Sendable {
        let test: Test
        let arguments: [Expression]
    }

    /// `a.b.0`, as filters take it.
    struct AttributePath: Sendable {
        let steps: [Value]
    }

    /// What an assignment or a loop assigns to.
    enum Target: Sendable {
        case name(NameID)
        case names([NameID])
        case member(of: NameID, String, name: String)
    }

    /// Something that is done.
    struct Statement: Sendable {
        let kind: Kind
        let line: Int

        indirect enum Kind: Sendable {
            case text(MarkedText)
            case output(Expression)
            case assign(Target, Expression)
            case capture(Target, [Statement], filters: [FilterCall])
            case branch([(condition: Expression, body: [Statement])], otherwise: [Statement])
            case loop(Loop)
            case macro(Macro)
            case scope([(NameID, Expression)], [Statement])
            case leaveLoop
            case nextElement
        }
    }

    struct Loop: Sendable {
        let target: Target
        let elements: Expression
        let condition: Expression?
        let body: [Statement]
        let otherwise: [Statement]
        /// Whether the body speaks of `loop`, so that the elements must be known before the first one's turn.
        let usesLoop: Bool
    }

    struct Macro: Sendable {
        let name: NameID
        let parameters: [(name: NameID, text: String, otherwise: Expression?)]
        let body: [Statement]
    }
}

extension Jinja.Expression.Kind {
    /// What this is made of.
    var children: [Jinja.Expression] {
        switch self {
        case .literal, .variable: []
        case .list(let elements), .concatenation(let elements): elements
        case .dictionary(let entries): entries.flatMap { [$0.key, $0.value] }
        case .attribute(let base, _), .not(let base), .negative(let base), .positive(let base): [base]
        case .item(let a, let b), .arithmetic(_, let a, let b), .and(let a, let b), .or(let a, let b): [a, b]
        case .slice(let base, let from, let to, let step): [base] + [from, to, step].compactMap(\.self)
        case .method(let base, _, let arguments): [base] + arguments.compactMap(\.self)
        case .function(_, let arguments): arguments.compactMap(\.self)
        case .namespace(let base, let keywords): [base].compactMap(\.self) + keywords.map(\.value)
        case .makeDictionary(let keywords): keywords.map(\.value)
        case .macro(_, _, let arguments, let keywords): arguments + keywords.map(\.value)
        case .filter(let base, let call), .map(let base, let call): [base] + call.arguments.compactMap(\.self)
        case .mapAttribute(let base, _, let otherwise): [base] + [otherwise].compactMap(\.self)
        case .select(let base, _, let call, _): [base] + (call?.arguments ?? [])
        case .test(let base, let call): [base] + call.arguments
        case .comparison(let first, let rest): [first] + rest.map(\.1)
        case .conditional(let condition, let then, let otherwise):
            [condition, then] + [otherwise].compactMap(\.self)
        }
    }
}
