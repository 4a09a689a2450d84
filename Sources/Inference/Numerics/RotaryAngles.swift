/// The cosines and sines of RoPE: angle = position · base^(−2i/d), all in Double by the project's own functions,
/// rounded once to f32.
struct RotaryAngles: Sendable {
    let frequencies: [Double]

    /// `pairs` is d/2.
    init(base: Float, pairs: Int) {
        frequencies = (0..<pairs).map { ExactDouble.pow(Double(base), -Double(2 * $0) / Double(2 * pairs)) }
    }

    func write(
        position: Int, cosines: UnsafeMutablePointer<Float>, sines: UnsafeMutablePointer<Float>
    ) {
        for pair in frequencies.indices {
            let angle = Double(position) * frequencies[pair]
            cosines[pair] = Float(ExactDouble.cos(angle))
            sines[pair] = Float(ExactDouble.sin(angle))
        }
    }
}
