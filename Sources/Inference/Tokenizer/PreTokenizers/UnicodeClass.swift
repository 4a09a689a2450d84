/// What pre-tokenizers distinguish, by the pinned Unicode version of ``UnicodeTables``.
package enum UnicodeClass: UInt8, Sendable {
    /// None of the others; unassigned code points too.
    case other
    /// `\p{Lu}` and `\p{Lt}`
    case upper
    /// `\p{Ll}`
    case lower
    /// `\p{Lm}` and `\p{Lo}`
    case caseless
    /// `\p{M}`
    case mark
    /// `\p{N}`
    case number
    /// `\s`: White_Space
    case whiteSpace

    /// The class of a code point.
    @inline(__always)
    package init(_ scalar: UInt32) {
        self = scalar < 0x800 ? Self.small[Int(scalar)] : Self(searching: scalar)
    }

    /// The classes of all code points of up to two UTF-8 bytes.
    private static let small: [UnicodeClass] = (0..<0x800).map { UnicodeClass(searching: $0) }

    /// Binary search for the last run that begins at or before `scalar`; the first begins at 0.
    private init(searching scalar: UInt32) {
        let runs = UnicodeTables.runs
        var (low, high) = (0, runs.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if runs[middle] >> 3 <= scalar { low = middle } else { high = middle }
        }
        self = UnicodeClass(rawValue: UInt8(runs[low] & 7)) ?? .other
    }
}

/// A set of classes, as a character class of a regular expression is.
struct UnicodeClasses: OptionSet {
    let rawValue: UInt8

    static let other = UnicodeClasses(.other)
    static let upper = UnicodeClasses(.upper)
    static let lower = UnicodeClasses(.lower)
    static let caseless = UnicodeClasses(.caseless)
    static let marks = UnicodeClasses(.mark)
    /// `\p{N}`
    static let numbers = UnicodeClasses(.number)
    /// `\s`
    static let whiteSpace = UnicodeClasses(.whiteSpace)
    /// `\p{L}`
    static let letters: UnicodeClasses = [.upper, .lower, .caseless]
    /// `[^\s\p{L}\p{N}]`
    static let symbols: UnicodeClasses = [.other, .marks]

    init(rawValue: UInt8) { self.rawValue = rawValue }

    private init(_ kind: UnicodeClass) { rawValue = 1 << kind.rawValue }

    @inline(__always)
    func contains(_ kind: UnicodeClass) -> Bool { rawValue >> kind.rawValue & 1 == 1 }
}
