/// What a pre-tokenizer distinguishes, by the pinned Unicode version of ``UnicodeTables``.
package enum UnicodeClass: UInt8, Sendable {
    /// Neither of the others; unassigned code points too.
    case other
    /// `\p{L}`
    case letter
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

    private init(searching scalar: UInt32) {
        if Self.contains(UnicodeTables.letters, scalar) {
            self = .letter
        } else if Self.contains(UnicodeTables.numbers, scalar) {
            self = .number
        } else {
            self = Self.contains(UnicodeTables.whiteSpace, scalar) ? .whiteSpace : .other
        }
    }

    /// Binary search: the scalar is in a range when an odd number of bounds lies before it, or when it is a bound.
    private static func contains(_ bounds: [UInt32], _ scalar: UInt32) -> Bool {
        var (low, high) = (0, bounds.count)
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < scalar { low = middle + 1 } else { high = middle }
        }
        return low < bounds.count && (low & 1 == 1 || bounds[low] == scalar)
    }
}
