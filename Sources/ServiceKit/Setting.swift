/// A setting's value that cannot be used. Names the setting, and shows the value only of settings that hold no secret.
public struct SettingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, with the name of the setting.
    public let description: String
}

/// One configuration key: its name, type, default, range and help in one place.
///
/// A value comes from the command line's option, else from the environment, else from the default.
public struct Setting<Value: LosslessStringConvertible & Comparable & Sendable>: Sendable {
    /// The option without its dashes: `max-body-size`.
    public let name: String
    /// Value when nobody says otherwise.
    public let defaultValue: Value
    /// Values allowed, both ends included; nil for all.
    public let range: ClosedRange<Value>?
    /// What the setting does, in one line without a full stop.
    public let help: String

    /// A setting.
    public init(_ name: String, default defaultValue: Value, range: ClosedRange<Value>? = nil, help: String) {
        precondition(range?.contains(defaultValue) ?? true, "\(name): default out of range")
        self.name = name
        self.defaultValue = defaultValue
        self.range = range
        self.help = help
    }

    /// The environment variable: `DNA_MAX_BODY_SIZE`.
    public var variable: String {
        "DNA_" + String(name.map { $0 == "-" ? "_" : Character($0.uppercased()) })
    }

    /// The help with range, default and variable, for an option's help and for the docs.
    public var fullHelp: String {
        let limits = range.map { ", \($0.lowerBound) … \($0.upperBound)" } ?? ""
        return "\(help) (default \(defaultValue)\(limits); \(variable))"
    }

    /// The value in force.
    public func resolve(_ option: Value?, environment: [String: String]) throws(SettingError) -> Value {
        if let option { return try check(option, source: "--\(name)") }
        guard let text = environment[variable] else { return defaultValue }
        guard let value = Value(text) else {
            throw SettingError(description: "\(variable): not a \(Value.self): \(text)")
        }
        return try check(value, source: variable)
    }

    private func check(_ value: Value, source: String) throws(SettingError) -> Value {
        if let range, !range.contains(value) {
            throw SettingError(
                description: "\(source): \(value) is not within \(range.lowerBound) … \(range.upperBound)")
        }
        return value
    }
}
