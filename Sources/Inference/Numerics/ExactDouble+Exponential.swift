extension ExactDouble {
    /// Above this eˣ is infinite, below its negative counterpart it is zero.
    private static let overflow = 0x1.62e42fefa39efp+9
    private static let underflow = -0x1.74910d52d3051p+9

    /// eˣ, within 1 ulp. NaN → NaN; past the ends of the range → +∞ and 0.
    package static func exp(_ x: Double) -> Double {
        exp(x, plus: 0)
    }

    /// e to the power x + e, where `extra` = e is at most an ulp of x or so.
    @inline(__always)
    static func exp(_ x: Double, plus extra: Double) -> Double {
        if x.isNaN { return x }
        if x > overflow { return .infinity }
        if x < underflow { return 0 }
        let k = nearestInteger(x * inverseLn2)
        // Exact: k·ln2High has at most 51 bits, and the difference is a small multiple of the finer unit of the two.
        let high = x - k * ln2High
        let low = k * ln2Low - extra
        let r = high - low
        let correction = (high - r) - low
        let sum = 1 + (r + (r * r * exponentialTail(r) + correction))
        return scale(sum, by: Int(k))
    }

    /// (eʳ − 1 − r) / r² by its Taylor series up to r¹³ / 13!, for |r| ≤ 0.35.
    @inline(__always)
    static func exponentialTail(_ r: Double) -> Double {
        var p = 0x1.6124613a86d09p-33
        p = p * r + 0x1.1eed8eff8d898p-29
        p = p * r + 0x1.ae64567f544e4p-26
        p = p * r + 0x1.27e4fb7789f5cp-22
        p = p * r + 0x1.71de3a556c734p-19
        p = p * r + 0x1.a01a01a01a01ap-16
        p = p * r + 0x1.a01a01a01a01ap-13
        p = p * r + 0x1.6c16c16c16c17p-10
        p = p * r + 0x1.1111111111111p-7
        p = p * r + 0x1.5555555555555p-5
        p = p * r + 0x1.5555555555555p-3
        return p * r + 0x1p-1
    }

    /// x · 2ᵏ for −1075 ≤ k ≤ 1024: two exact factors, so that only a subnormal result is rounded, once.
    @inline(__always)
    static func scale(_ x: Double, by k: Int) -> Double {
        let half = k >> 1
        return (x * powerOfTwo(half)) * powerOfTwo(k - half)
    }
}
