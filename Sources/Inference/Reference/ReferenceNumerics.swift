package import Kernels

/// dna-numerics-1 as plain loops over scalars: slow, and meant to be checked against docs/numerics.md by eye.
///
/// `addingProduct`, `rounded` and `squareRoot` may call libm on a baseline CPU; they are allowed because IEEE 754
/// specifies their results exactly. Nothing else of libm is used.
package enum ReferenceNumerics {
    /// A binary16 as the binary32 of the same value.
    package static func float(half bits: UInt16) -> Float {
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 31)
        let mantissa = Float(bits & 1023)
        if exponent == 31 { return mantissa == 0 ? sign * .infinity : .nan }
        if exponent == 0 { return sign * mantissa * 0x1p-24 }
        return sign * (1024 + mantissa) * Float(sign: .plus, exponent: exponent - 25, significand: 1)
    }

    /// Rounds to binary16, ties to even. The result is given as the binary32 of the same value.
    package static func roundToHalf(_ x: Float) -> Float {
        guard x.isFinite, x != 0 else { return x }
        // The unit in the last place of a binary16 near x; subnormals share that of the smallest normal number.
        let unit = Float(sign: .plus, exponent: max(Int(x.exponent), -14) - 10, significand: 1)
        let rounded = (x / unit).rounded(.toNearestOrEven) * unit
        return rounded.magnitude > 65504 ? Float(signOf: x, magnitudeOf: .infinity) : rounded
    }

    /// exp, the argument clamped to [-87, 88].
    package static func exp(_ argument: Float) -> Float {
        var x = argument
        if x < -87 { x = -87 }
        if x > 88 { x = 88 }
        guard !x.isNaN else { return .nan }
        let t = Float(0x1.8p23).addingProduct(x, 0x1.715476p0)
        let k = t - 0x1.8p23
        var r = x.addingProduct(k, -0x1.63p-1)
        r = r.addingProduct(k, 0x1.bd0106p-13)
        var p: Float = 0x1.6a23b2p-10
        for coefficient: Float in [0x1.123a16p-7, 0x1.5558f2p-5, 0x1.555492p-3, 0x1.fffffcp-2, 1, 1] {
            p = coefficient.addingProduct(p, r)
        }
        return p * Float(sign: .plus, exponent: Int(k), significand: 1)
    }

    /// The sum of 16 partial sums by the fixed tree.
    package static func tree(_ partial: [Float]) -> Float {
        var sums = partial
        for width in [8, 4, 2, 1] {
            for index in 0..<width { sums[index] = sums[index] + sums[index + width] }
        }
        return sums[0]
    }

    /// RMSNorm with weights; nil when the sum of squares is not finite.
    package static func normalize(_ x: [Float], weight: [Float], epsilon: Float) -> [Float]? {
        var partial = [Float](repeating: 0, count: 16)
        for index in x.indices { partial[index % 16] = partial[index % 16].addingProduct(x[index], x[index]) }
        let squares = tree(partial)
        guard squares.isFinite else { return nil }
        let factor = 1 / (squares / Float(x.count) + epsilon).squareRoot()
        return x.indices.map { (x[$0] * factor) * weight[$0] }
    }

    /// activation(gate) · up.
    package static func activate(_ activation: GatedActivation, gate: [Float], up: [Float]) -> [Float] {
        gate.indices.map { index in
            let x = gate[index]
            return switch activation {
            case .silu: silu(x) * up[index]
            case .gelu: gelu(x) * up[index]
            }
        }
    }

    /// x / (1 + exp(−x)).
    package static func silu(_ x: Float) -> Float { x / (1 + exp(-x)) }

    /// GELU in its approximation by tanh: x / (1 + exp(−2y)), y = √(2/π)·(x + 0.044715·x³).
    package static func gelu(_ x: Float) -> Float {
        let twice = x * Float(1).addingProduct(0x1.6e4e26p-5, x * x)
        return x / (1 + exp(twice * -0x1.988454p+0))
    }

    /// tanh, by exp.
    package static func tanh(_ y: Float) -> Float {
        let e = exp(-2 * y.magnitude)
        return Float(signOf: y, magnitudeOf: (1 - e) / (1 + e))
    }

    /// x kept between −cap and cap.
    package static func softCap(_ x: Float, cap: Float) -> Float { cap * tanh(x / cap) }

    /// Rotates the pairs of one head.
    package static func rotate(_ head: inout [Float], pairing: RotaryPairing, cosines: [Float], sines: [Float]) {
        for pair in cosines.indices {
            let (first, second) =
                switch pairing {
                case .adjacent: (2 * pair, 2 * pair + 1)
                case .halves: (pair, pair + cosines.count)
                }
            let (a, b) = (head[first], head[second])
            head[first] = (-(b * sines[pair])).addingProduct(a, cosines[pair])
            head[second] = (b * cosines[pair]).addingProduct(a, sines[pair])
        }
    }

    /// Attention of one query over the given positions from `start` on; keys and values already rounded to f16. Nil
    /// when a score is not finite.
    package static func attend(
        query: [Float], keys: [[Float]], values: [[Float]], start: Int = 0, scale: Float, softCap cap: Float? = nil
    ) -> [Float]? {
        var scores: [Float] = []
        for key in keys[start...] {
            var dot: Float = 0
            for index in query.indices { dot = dot.addingProduct(query[index], key[index]) }
            scores.append(dot * scale)
        }
        guard scores.allSatisfy(\.isFinite) else { return nil }
        if let cap { scores = scores.map { softCap($0, cap: cap) } }
        guard let most = scores.max() else { return nil }
        var partial = [Float](repeating: 0, count: 16)
        var sums = [Float](repeating: 0, count: query.count)
        for (position, score) in zip(keys.indices[start...], scores) {
            let weight = exp(score - most)
            partial[position % 16] = partial[position % 16] + weight
            for index in sums.indices { sums[index] = sums[index].addingProduct(weight, values[position][index]) }
        }
        let denominator = tree(partial)
        return sums.map { $0 / denominator }
    }
    /// The experts that compute a token, ascending, and their weights. Nil when a logit is not finite.
    package static func route(logits: [Float], experts count: Int) -> [(expert: Int, weight: Float)]? {
        var experts = [Int](repeating: 0, count: count)
        var weights = [Float](repeating: 0, count: count)
        let finite = logits.withUnsafeBufferPointer { logits in
            experts.withUnsafeMutableBufferPointer { experts in
                weights.withUnsafeMutableBufferPointer {
                    ExpertRouting.route(logits: logits, experts: experts, weights: $0)
                }
            }
        }
        return finite ? zip(experts, weights).map { (expert: $0, weight: $1) } : nil
    }
}
