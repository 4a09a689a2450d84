extension ExactDouble {
    /// The largest |x| that ``sin(_:)`` and ``cos(_:)`` take.
    package static let trigonometricLimit = 0x1p22

    /// sin x, within 1 ulp. |x| > 2²² and NaN → NaN.
    package static func sin(_ x: Double) -> Double {
        guard x.magnitude <= trigonometricLimit else { return .nan }
        let a = reduce(x)
        return switch a.quadrant {
        case 0: sine(a.r, a.low)
        case 1: cosine(a.r, a.low)
        case 2: -sine(a.r, a.low)
        default: -cosine(a.r, a.low)
        }
    }

    /// cos x, within 1 ulp. |x| > 2²² and NaN → NaN.
    package static func cos(_ x: Double) -> Double {
        guard x.magnitude <= trigonometricLimit else { return .nan }
        let a = reduce(x)
        return switch a.quadrant {
        case 0: cosine(a.r, a.low)
        case 1: -sine(a.r, a.low)
        case 2: -cosine(a.r, a.low)
        default: sine(a.r, a.low)
        }
    }

    /// x − k·π/2 as r + low with |r| ≤ 0.79, and k mod 4.
    ///
    /// π/2 comes in three parts of 30 bits and a rest: the products of the first three with k < 2²² are exact.
    private static func reduce(_ x: Double) -> (quadrant: Int, r: Double, low: Double) {
        let k = nearestInteger(x * 0x1.45f306dc9c883p-1)
        let first = x - k * 0x1.921fb54p+0
        let second = sum(first, -(k * 0x1.10b46118p-30))
        let third = sum(second.high, -(k * 0x1.313198ap-61))
        let rest = (second.low + third.low) - k * 0x1.701b839a25205p-92
        let r = fastSum(third.high, rest)
        return (Int(k) & 3, r.high, r.low)
    }

    /// sin(r + low) by the Taylor series up to r¹⁷ / 17!.
    @inline(__always)
    private static func sine(_ r: Double, _ low: Double) -> Double {
        let z = r * r
        var p = 0x1.952c77030ad4ap-49
        p = p * z - 0x1.ae7f3e733b81fp-41
        p = p * z + 0x1.6124613a86d09p-33
        p = p * z - 0x1.ae64567f544e4p-26
        p = p * z + 0x1.71de3a556c734p-19
        p = p * z - 0x1.a01a01a01a01ap-13
        p = p * z + 0x1.1111111111111p-7
        p = p * z - 0x1.5555555555555p-3
        return r + ((r * z) * p + low * (1 - 0.5 * z))
    }

    /// cos(r + low) by the Taylor series up to r¹⁸ / 18!.
    @inline(__always)
    private static func cosine(_ r: Double, _ low: Double) -> Double {
        let z = r * r
        var p = -0x1.6827863b97d97p-53
        p = p * z + 0x1.ae7f3e733b81fp-45
        p = p * z - 0x1.93974a8c07c9dp-37
        p = p * z + 0x1.1eed8eff8d898p-29
        p = p * z - 0x1.27e4fb7789f5cp-22
        p = p * z + 0x1.a01a01a01a01ap-16
        p = p * z - 0x1.6c16c16c16c17p-10
        p = p * z + 0x1.5555555555555p-5
        let half = 0.5 * z
        let w = 1 - half
        return w + (((1 - w) - half) + ((z * z) * p - r * low))
    }
}
