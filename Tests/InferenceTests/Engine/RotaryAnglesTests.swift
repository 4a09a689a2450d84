import Inference
import Testing

struct RotaryAnglesTests {
    private func table(_ angles: RotaryAngles, position: Int) -> (cosines: [Float], sines: [Float]) {
        var (cosines, sines) = ([Float](repeating: 0, count: 32), [Float](repeating: 0, count: 32))
        angles.write(position: position, cosines: &cosines, sines: &sines)
        return (cosines, sines)
    }

    @Test func anglesArePositionTimesFrequency() {
        let plain = table(RotaryAngles(base: 10000, pairs: 32), position: 1234)
        for pair in 0..<32 {
            let angle = 1234 * ExactDouble.pow(10000, -Double(pair) / 32)
            #expect(plain.cosines[pair] == Float(ExactDouble.cos(angle)))
            #expect(plain.sines[pair] == Float(ExactDouble.sin(angle)))
        }
    }

    @Test func linearScalingStretchesPositions() {
        let plain = table(RotaryAngles(base: 10000, pairs: 32), position: 77)
        let scaled = table(RotaryAngles(base: 10000, pairs: 32, linear: 8), position: 8 * 77)
        #expect(scaled == plain)
        #expect(table(RotaryAngles(base: 10000, pairs: 32, linear: 8), position: 77) != plain)
    }

    @Test func factorsSlowEachPairDown() {
        let factors = (0..<32).map { $0 < 16 ? Float(1) : 4 }
        let plain = RotaryAngles(base: 500_000, pairs: 32)
        let slowed = table(RotaryAngles(base: 500_000, pairs: 32, factors: factors), position: 4 * 31)
        let (far, near) = (table(plain, position: 4 * 31), table(plain, position: 31))
        #expect(slowed.cosines == Array(far.cosines[..<16] + near.cosines[16...]))
        #expect(slowed.sines == Array(far.sines[..<16] + near.sines[16...]))
    }

    @Test func aMagnitudeIsMultipliedBeforeTheOneRounding() {
        let frequency = ExactDouble.pow(10000, -Double(5) / 32)
        let scaled = table(RotaryAngles(base: 10000, pairs: 32, magnitude: 1.19), position: 9)
        #expect(scaled.cosines[5] == Float(ExactDouble.cos(9 * frequency) * Double(Float(1.19))))
        #expect(scaled.sines[5] == Float(ExactDouble.sin(9 * frequency) * Double(Float(1.19))))
        let rounded = table(RotaryAngles(base: 10000, pairs: 32), position: 9)
        #expect(zip(scaled.cosines, rounded.cosines).contains { $0 != $1 * 1.19 })
    }
}
