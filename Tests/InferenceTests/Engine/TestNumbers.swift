/// xorshift64*: the same numbers in every run.
struct TestNumbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }

    /// Mostly ordinary numbers; now and then zeros, subnormals, ties and extremes.
    mutating func float() -> Float {
        switch UInt8.random(in: 0..<32, using: &self) {
        case 0: 0
        case 1: -0.0
        case 2: 0x1p-140
        case 3: Float(Int.random(in: -127...127, using: &self)) + 0.5
        case 4: 127
        default: Float.random(in: -4...4, using: &self)
        }
    }

    mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in float() } }
}
