/// A metadata value. Integers of every width are widened; arrays hold one element type.
public enum GGUFValue: Equatable, Sendable {
    /// Any unsigned integer.
    case unsigned(UInt64)
    /// Any signed integer.
    case signed(Int64)
    /// A binary32.
    case float(Float)
    /// A binary64.
    case double(Double)
    /// A boolean.
    case boolean(Bool)
    /// UTF-8 text.
    case string(String)
    /// An array of unsigned integers.
    case unsignedArray([UInt64])
    /// An array of signed integers.
    case signedArray([Int64])
    /// An array of binary32.
    case floatArray([Float])
    /// An array of binary64.
    case doubleArray([Double])
    /// An array of booleans.
    case booleanArray([Bool])
    /// An array of texts.
    case stringArray([String])

    /// The value as a non-negative integer, if it is one.
    public var integer: Int? {
        switch self {
        case .unsigned(let value): Int(exactly: value)
        case .signed(let value) where value >= 0: Int(exactly: value)
        default: nil
        }
    }

    /// The value as text, if it is text.
    public var text: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The value as a boolean, if it is one.
    public var flag: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    /// The value as a binary32, if it is one.
    public var float32: Float? {
        if case .float(let value) = self { value } else { nil }
    }

    /// The value as texts, if it is an array of texts.
    public var texts: [String]? {
        if case .stringArray(let value) = self { value } else { nil }
    }

    /// The value as integers, if it is an array of integers.
    public var integers: [Int]? {
        switch self {
        case .unsignedArray(let values): values.map { Int(clamping: $0) }
        case .signedArray(let values): values.map { Int($0) }
        default: nil
        }
    }
}
