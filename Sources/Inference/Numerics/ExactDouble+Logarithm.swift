extension ExactDouble {
    /// The parts of a positive finite number x = 2ᵏ · (1 + f), √½ ≤ 1 + f < √2.
    struct Decomposition {
        var k: Double
        var f: Double

        @inline(__always)
        init(_ x: Double) {
            // A subnormal number is first multiplied by 2⁵⁴, which is exact.
            let subnormal = x < 0x1p-1022
            let bits = (subnormal ? x * 0x1p54 : x).bitPattern
            var exponent = Int(bits >> 52) - (subnormal ? 1023 + 54 : 1023)
            var m = Double(bitPattern: bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000)
            if m >= 0x1.6a09e667f3bcdp+0 {
                m *= 0.5
                exponent += 1
            }
            k = Double(exponent)
            f = m - 1
        }
    }

    /// Natural logarithm, within 1 ulp. NaN and x < 0 → NaN; ±0 → −∞; +∞ → +∞.
    package static func log(_ x: Double) -> Double {
        if x.isNaN || x < 0 { return .nan }
        if x == 0 { return -.infinity }
        if x == .infinity { return x }
        let parts = Decomposition(x)
        let (k, f) = (parts.k, parts.f)
        let s = f / (2 + f)
        let z = s * s
        let tail = z * logarithmTail(z)
        // ln(1+f) = f − (f²/2 − s·(f²/2 + tail)): the large part f is exact.
        let halfSquare = 0.5 * f * f
        return k * ln2High - ((halfSquare - (s * (halfSquare + tail) + k * ln2Low)) - f)
    }

    /// (ln(1+f) − 2s) / s³ in z = s²: the series 2/3 + 2/5 z + … + 2/23 z¹⁰, for z ≤ 0.0295.
    @inline(__always)
    static func logarithmTail(_ z: Double) -> Double {
        var p = 0x1.642c8590b2164p-4
        p = p * z + 0x1.8618618618618p-4
        p = p * z + 0x1.af286bca1af28p-4
        p = p * z + 0x1.e1e1e1e1e1e1ep-4
        p = p * z + 0x1.1111111111111p-3
        p = p * z + 0x1.3b13b13b13b14p-3
        p = p * z + 0x1.745d1745d1746p-3
        p = p * z + 0x1.c71c71c71c71cp-3
        p = p * z + 0x1.2492492492492p-2
        p = p * z + 0x1.999999999999ap-2
        return p * z + 0x1.5555555555555p-1
    }
}
