/// A value that breaks a rule of the protocol: which field, and which rule.
public struct InvalidField: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path of the field in its JSON form, such as `signers.threshold`.
    public let field: String
    /// The rule it breaks; never the value itself.
    public let reason: String

    /// Names the field and the rule.
    public init(_ field: String, _ reason: String) {
        self.field = field
        self.reason = reason
    }

    /// `field: reason`.
    public var description: String { "\(field): \(reason)" }
}

/// Throws ``InvalidField`` unless `condition` holds.
func require(
    _ condition: @autoclosure () -> Bool, _ field: String, _ reason: @autoclosure () -> String
) throws(InvalidField) {
    if !condition() { throw InvalidField(field, reason()) }
}
