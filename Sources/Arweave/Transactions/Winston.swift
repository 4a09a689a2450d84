/// An amount of money: 10¹² winston are one AR.
public struct Winston: Hashable, Sendable, Comparable, LosslessStringConvertible {
    /// No money.
    public static let zero = Winston(0)
    /// Longer amounts than the currency has are not read.
    private static let longestText = 30
    private static let digitsOfOne = 12

    private let amount: UInt128

    /// So many winston.
    public init(_ amount: UInt64) {
        self.amount = UInt128(amount)
    }

    private init(amount: UInt128) {
        self.amount = amount
    }

    /// Reads decimal digits without sign and leading zeros, at most 30 of them.
    public init?(_ description: String) {
        let digits = description.utf8
        guard !digits.isEmpty, digits.count <= Self.longestText, digits.allSatisfy({ (0x30...0x39).contains($0) }),
            digits.first != 0x30 || digits.count == 1
        else { return nil }
        amount = digits.reduce(0) { $0 * 10 + UInt128($1 - 0x30) }
    }

    /// Decimal digits.
    public var description: String { String(amount) }

    /// For people: `0.000123456789 AR`.
    public var inAR: String {
        let text = String(amount)
        let padded = String(repeating: "0", count: max(0, Self.digitsOfOne + 1 - text.count)) + text
        return "\(padded.dropLast(Self.digitsOfOne)).\(padded.suffix(Self.digitsOfOne)) AR"
    }

    /// The sum. 2¹²⁸ is beyond all that two amounts that were read can come to.
    public static func + (left: Winston, right: Winston) -> Winston {
        Winston(amount: left.amount + right.amount)
    }

    /// The smaller amount first.
    public static func < (left: Winston, right: Winston) -> Bool { left.amount < right.amount }
}
