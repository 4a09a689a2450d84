extension ExactDouble {
    /// baseʸ for a positive finite base and a finite exponent, within 1 ulp while |y·ln(base)| ≤ 32, within 4 ulp
    /// elsewhere; anything else → NaN.
    package static func pow(_ base: Double, _ y: Double) -> Double {
        guard base > 0, base.isFinite, y.isFinite else { return .nan }
        let log = logarithmPair(base)
        let product = y * log.high
        // Far outside the range of exp the rounding error of the product no longer matters, and might overflow.
        guard product.magnitude < 1024 else { return exp(product) }
        let error = (-product).addingProduct(y, log.high) + y * log.low
        return exp(product, plus: error)
    }

    /// ln(x) as an unevaluated sum of two numbers, with about 60 bits.
    private static func logarithmPair(_ x: Double) -> (high: Double, low: Double) {
        let parts = Decomposition(x)
        let (k, f) = (parts.k, parts.f)
        // s = f / (2 + f) in two parts; denominator + lost is exactly 2 + f.
        let denominator = 2 + f
        let lost = f - (denominator - 2)
        let s = f / denominator
        let remainder = f.addingProduct(-s, denominator) - s * lost
        let sLow = remainder / denominator
        let z = s * s
        let tail = (s * z) * logarithmTail(z)
        // k·ln2High + 2s + (tail + k·ln2Low + 2·sLow), each sum with its rounding error carried on.
        let first = sum(k * ln2High, 2 * s)
        let second = sum(first.high, tail)
        let low = first.low + second.low + (2 * sLow + k * ln2Low)
        return fastSum(second.high, low)
    }

    /// a + b and its exact rounding error (Knuth's two-sum).
    @inline(__always)
    static func sum(_ a: Double, _ b: Double) -> (high: Double, low: Double) {
        let high = a + b
        let bPart = high - a
        return (high, (a - (high - bPart)) + (b - bPart))
    }

    /// The same for |a| ≥ |b| or a = 0 (Dekker's fast two-sum).
    @inline(__always)
    static func fastSum(_ a: Double, _ b: Double) -> (high: Double, low: Double) {
        let high = a + b
        return (high, b - (high - a))
    }
}
