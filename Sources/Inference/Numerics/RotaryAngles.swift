/// The cosines and sines of RoPE: angle = position · frequency, all in Double by the project's own functions, times a
/// magnitude, rounded once to f32.
package struct RotaryAngles: Sendable {
    let frequencies: [Double]
    let magnitude: Double

    /// `pairs` is d/2; pair i has the frequency base^(−2i/d), divided by `linear` and, if there are any, by the pair's
    /// `factors`.
    package init(base: Float, pairs: Int, factors: [Float]? = nil, linear: Float = 1, magnitude: Float = 1) {
        precondition(factors.map { $0.count == pairs } ?? true, "a factor for each pair")
        frequencies = (0..<pairs).map { pair in
            let frequency = ExactDouble.pow(Double(base), -Double(2 * pair) / Double(2 * pairs)) / Double(linear)
            return factors.map { frequency / Double($0[pair]) } ?? frequency
        }
        self.magnitude = Double(magnitude)
    }

    init<Form: TensorForm>(_ rotary: Rotary<Form>) where Form.Vector == [Float] {
        self.init(
            base: rotary.base, pairs: rotary.pairs, factors: rotary.factors, linear: rotary.linear,
            magnitude: rotary.magnitude)
    }

    package func write(
        position: Int, cosines: UnsafeMutablePointer<Float>, sines: UnsafeMutablePointer<Float>
    ) {
        for pair in frequencies.indices {
            let angle = Double(position) * frequencies[pair]
            cosines[pair] = Float(ExactDouble.cos(angle) * magnitude)
            sines[pair] = Float(ExactDouble.sin(angle) * magnitude)
        }
    }
}
