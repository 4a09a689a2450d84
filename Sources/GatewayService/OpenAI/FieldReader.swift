package import Canonical

/// One value of a client's JSON and where it stands: every refusal names the path.
package struct Field: Sendable {
    /// Where it stands, such as `messages[0].content`.
    package let path: String
    /// The value.
    package let value: JSONValue

    /// A value at a path.
    package init(_ path: String, _ value: JSONValue) {
        self.path = path
        self.value = value
    }

    /// A string.
    package func string() throws(OpenAIError) -> String {
        guard case .string(let text) = value else { throw mismatch("a string") }
        return text
    }

    /// A boolean.
    package func boolean() throws(OpenAIError) -> Bool {
        guard case .bool(let flag) = value else { throw mismatch("a boolean") }
        return flag
    }

    /// A number.
    package func number() throws(OpenAIError) -> Double {
        switch value {
        case .number(let number): return number
        case .integer(let integer): return Double(integer)
        default: throw mismatch("a number")
        }
    }

    /// An integer; `1.0` is one too, as long as a Double tells it from its neighbours.
    package func integer() throws(OpenAIError) -> Int64 {
        switch value {
        case .integer(let integer): return integer
        case .number(let number):
            guard let exact = Int64(exactly: number), exact.magnitude <= JSONValue.largestSafeInteger else {
                throw mismatch("an integer")
            }
            return exact
        default: throw mismatch("an integer")
        }
    }

    /// The value, with `1.0` written as the integer it is.
    package var plainValue: JSONValue { (try? integer()).map { .integer($0) } ?? value }

    /// An integer within a range.
    package func integer(in range: ClosedRange<Int>) throws(OpenAIError) -> Int {
        guard let integer = Int(exactly: try integer()), range.contains(integer) else {
            throw OpenAIError.invalid(path, "must be \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    /// An array's elements, each with its own path.
    package func elements() throws(OpenAIError) -> [Field] {
        guard case .array(let values) = value else { throw mismatch("an array") }
        return values.enumerated().map { Field("\(path)[\($0.offset)]", $0.element) }
    }

    /// An object's members.
    package func members() throws(OpenAIError) -> FieldReader {
        guard case .object(let members) = value else { throw mismatch("an object") }
        return FieldReader(path: path, members: members)
    }

    /// The refusal of a value of another type.
    package func mismatch(_ expected: String) -> OpenAIError {
        OpenAIError.invalid(path, "expected \(expected)", code: "invalid_type")
    }
}

/// An object's members, taken one by one, so that what nobody took can be refused.
///
/// `null` is the same as absent: OpenAI's clients send it for what their caller left open.
package struct FieldReader: Sendable {
    private let path: String
    private var members: [String: JSONValue]

    init(path: String, members: [String: JSONValue]) {
        self.path = path
        self.members = members.filter { $0.value != .null }
    }

    /// A member, if it is there.
    package mutating func take(_ name: String) -> Field? {
        members.removeValue(forKey: name).map { Field(place(of: name), $0) }
    }

    /// A member that must be there.
    package mutating func require(_ name: String) throws(OpenAIError) -> Field {
        guard let field = take(name) else {
            throw OpenAIError.invalid(place(of: name), "is required", code: "missing_required_parameter")
        }
        return field
    }

    /// Refuses what is left. A field nobody knows might have been meant to change the answer.
    package func end() throws(OpenAIError) {
        // The smallest, so that the message does not depend on the dictionary's order.
        guard let unknown = members.keys.min() else { return }
        throw OpenAIError.invalid(place(of: unknown), "is not a known field", code: "unknown_parameter")
    }

    private func place(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}
