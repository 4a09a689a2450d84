extension Jinja.Run {
    mutating func arithmetic(
        _ operation: Jinja.Arithmetic, _ left: Value, _ right: Value
    ) throws(ChatTemplateError) -> Value {
        if let a = left.integer, let b = right.integer { return .integer(try arithmetic(operation, a, b)) }
        switch (operation, left, right) {
        case (_, .undefined(let reason), _), (_, _, .undefined(let reason)): throw failure(reason)
        case (.add, .text(let a), .text(let b)):
            try spend(a.count + b.count)
            var result = a
            result.append(b)
            return .text(result)
        case (.add, .list(let a), .list(let b)): return try list(a.elements + b.elements)
        case (.multiply, .text(let text), _):
            if let count = right.integer { return try repeated(text, count) }
        case (.multiply, _, .text(let text)):
            if let count = left.integer { return try repeated(text, count) }
        case (.multiply, .list(let elements), _):
            if let count = right.integer { return try repeated(elements, count) }
        case (.multiply, _, .list(let elements)):
            if let count = left.integer { return try repeated(elements, count) }
        default: break
        }
        throw failure("\(left.kind) \(operation.rawValue) \(right.kind)")
    }

    private func arithmetic(_ operation: Jinja.Arithmetic, _ a: Int, _ b: Int) throws(ChatTemplateError) -> Int {
        let (result, overflows): (Int, Bool)
        switch operation {
        case .add: (result, overflows) = a.addingReportingOverflow(b)
        case .subtract: (result, overflows) = a.subtractingReportingOverflow(b)
        case .multiply: (result, overflows) = a.multipliedReportingOverflow(by: b)
        case .floorDivide, .remainder:
            guard b != 0 else { throw failure("a division by zero") }
            // Rounded down, as in Python; the remainder has the divisor's sign.
            let (quotient, isTooLarge) = a.dividedReportingOverflow(by: b)
            let rest = isTooLarge ? 0 : a % b
            let isBelow = rest != 0 && (rest < 0) != (b < 0)
            if operation == .remainder { return isBelow ? rest + b : rest }
            (result, overflows) = (isBelow ? quotient - 1 : quotient, isTooLarge)
        }
        guard !overflows else { throw failure("a whole number of more than 64 bits") }
        return result
    }

    private mutating func repeated(_ text: MarkedText, _ count: Int) throws(ChatTemplateError) -> Value {
        guard count > 0, !text.isEmpty else { return .text(MarkedText()) }
        guard count <= limits.output / text.count else { throw .limit("more than \(limits.output) bytes of text") }
        try spend(text.count * count)
        var result = MarkedText()
        for _ in 0..<count { result.append(text) }
        return .text(result)
    }

    private mutating func repeated(_ list: Jinja.List, _ count: Int) throws(ChatTemplateError) -> Value {
        guard count > 0, !list.elements.isEmpty else { return try self.list([]) }
        guard count <= limits.elements / list.elements.count else {
            throw .limit("more than \(limits.elements) elements")
        }
        return try self.list(Array(repeatElement(list.elements, count: count).joined()))
    }

    mutating func compare(
        _ left: Value, _ comparison: Jinja.Comparison, _ right: Value
    ) throws(ChatTemplateError) -> Bool {
        switch comparison {
        case .equal: return try areEqual(left, right)
        case .notEqual: return !(try areEqual(left, right))
        case .isIn: return try contains(right, left)
        case .isNotIn: return !(try contains(right, left))
        case .less: return try isLess(left, right)
        case .greater: return try isLess(right, left)
        case .lessOrEqual: return !(try isLess(right, left))
        case .greaterOrEqual: return !(try isLess(left, right))
        }
    }

    private mutating func areEqual(_ left: Value, _ right: Value) throws(ChatTemplateError) -> Bool {
        switch (left, right) {
        case (.text(let a), .text(let b)): try spend(min(a.count, b.count))
        case (.list, .list), (.dictionary, .dictionary): try spend(left.weight(limit: work))
        default: break
        }
        return Value.areEqual(left, right)
    }

    private mutating func isLess(_ left: Value, _ right: Value) throws(ChatTemplateError) -> Bool {
        if let a = left.integer, let b = right.integer { return a < b }
        switch (left, right) {
        case (.text(let a), .text(let b)):
            try spend(min(a.count, b.count))
            return MarkedText.isLess(a, b)
        case (.undefined(let reason), _), (_, .undefined(let reason)): throw failure(reason)
        default: throw failure("\(left.kind) and \(right.kind) have no order")
        }
    }

    private mutating func contains(_ whole: Value, _ part: Value) throws(ChatTemplateError) -> Bool {
        switch whole {
        case .undefined: return false
        case .text(let text):
            guard case .text(let pattern) = part else { throw failure("\(part.kind) in a text") }
            try spend(text.count + pattern.count)
            return text.contains(pattern)
        case .list(let list):
            for element in list.elements {
                try spend(32)
                if try areEqual(element, part) { return true }
            }
            return false
        case .dictionary(let dictionary):
            guard case .text(let key) = part else { return false }
            return dictionary[key.utf8] != nil
        case .none, .bool, .integer, .namespace, .loop: throw failure("nothing is in \(whole.kind)")
        }
    }

    /// Whether a value passes a test.
    mutating func passes(
        _ value: Value, _ test: Jinja.Test, _ arguments: [Value]
    ) throws(ChatTemplateError) -> Bool {
        switch (test, value) {
        case (.defined, .undefined): return false
        case (.defined, _): return true
        case (.undefined, .undefined), (.none, .none), (.boolean, .bool), (.integer, .integer),
            (.number, .integer), (.number, .bool), (.string, .text), (.mapping, .dictionary):
            return true
        case (.isTrue, .bool(let flag)): return flag
        case (.isFalse, .bool(let flag)): return !flag
        case (.sequence, .undefined), (.sequence, .text), (.sequence, .list), (.sequence, .dictionary),
            (.iterable, .undefined), (.iterable, .text), (.iterable, .list), (.iterable, .dictionary):
            return true
        case (.even, _), (.odd, _), (.divisibleBy, _):
            let divisor = arguments.first ?? .integer(2)
            guard let remainder = try arithmetic(.remainder, value, divisor).integer else { return false }
            if case .odd = test { return remainder == 1 }
            return remainder == 0
        case (.compares(let comparison), _):
            guard let argument = arguments.first else { return false }
            return try compare(value, comparison, argument)
        default: return false
        }
    }
}
