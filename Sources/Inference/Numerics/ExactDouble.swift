/// The project's own elementary functions in binary64.
///
/// Defined operation by operation in `docs/numerics.md`: only correctly rounded `+ − × ÷`, exact comparisons and bit
/// operations, and in ``pow(_:_:)`` a fused multiply-add. `addingProduct` may be a call into the platform's library on
/// a baseline x86-64; that is allowed because IEEE 754 leaves fma no freedom. Nothing else comes from a library, so
/// every machine computes the same bits.
package enum ExactDouble {
    /// ln 2 cut to 40 bits: its product with an integer below 2¹³ is exact.
    static let ln2High = 0x1.62e42fefa2p-1
    /// The rest of ln 2, rounded to nearest.
    static let ln2Low = 0x1.9ef35793c7673p-41
    /// 1 / ln 2, rounded to nearest.
    static let inverseLn2 = 0x1.71547652b82fep+0

    /// The integer nearest to `x`, ties to even, for |x| ≤ 2⁵¹: 1.5·2⁵² leaves no room for a fraction.
    @inline(__always)
    static func nearestInteger(_ x: Double) -> Double {
        (x + 0x1.8p52) - 0x1.8p52
    }

    /// 2ᵏ for −1022 ≤ k ≤ 1023.
    @inline(__always)
    static func powerOfTwo(_ k: Int) -> Double {
        Double(bitPattern: UInt64(truncatingIfNeeded: k + 1023) << 52)
    }
}
