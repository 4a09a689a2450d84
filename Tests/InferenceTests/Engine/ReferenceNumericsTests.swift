import Inference
import Testing

/// The reference's functions against the real ones, in Double.
struct ReferenceNumericsTests {
    private func tanh(_ x: Double) -> Double {
        let e = ExactDouble.exp(-2 * x.magnitude)
        return Double(signOf: x, magnitudeOf: (1 - e) / (1 + e))
    }

    private func isClose(_ got: Float, _ expected: Double, within error: Double) -> Bool {
        (Double(got) - expected).magnitude <= error
    }

    @Test func geluIsTheApproximationByTanh() {
        for step in -640...640 {
            let x = Double(step) / 64
            let inner = 0.79788456080286535588 * (x + 0.044715 * x * x * x)
            let expected = 0.5 * x * (1 + tanh(inner))
            #expect(isClose(ReferenceNumerics.gelu(Float(x)), expected, within: 1e-6 * max(1, x.magnitude)), "\(x)")
        }
    }

    @Test func siluIsXTimesTheLogisticFunction() {
        for step in -640...640 {
            let x = Double(step) / 64
            let expected = x / (1 + ExactDouble.exp(-x))
            #expect(isClose(ReferenceNumerics.silu(Float(x)), expected, within: 1e-6 * max(1, x.magnitude)), "\(x)")
        }
    }

    @Test func softCapsAreTanhBetweenTheCaps() {
        for step in -640...640 {
            let x = Float(step) / 4
            let expected = 30 * tanh(Double(x) / 30)
            #expect(isClose(ReferenceNumerics.softCap(x, cap: 30), expected, within: 1e-5), "\(x)")
        }
        #expect(ReferenceNumerics.softCap(1e30, cap: 30) == 30)
        #expect(ReferenceNumerics.softCap(-0.0, cap: 30).sign == .minus)
        #expect(ReferenceNumerics.softCap(.nan, cap: 30).isNaN)
    }

    @Test func bothPairingsRotateTheSamePairs() {
        let head = (0..<12).map { Float($0) + 0.5 }
        let (cosines, sines): ([Float], [Float]) = ([0.6, 0.8, 0, 1], [0.8, -0.6, 1, 0])
        // What one pairing keeps in neighbours the other keeps in halves; the last four elements are not rotated.
        let order = [0, 4, 1, 5, 2, 6, 3, 7, 8, 9, 10, 11]
        var (halves, adjacent) = (head, order.map { head[$0] })
        ReferenceNumerics.rotate(&halves, pairing: .halves, cosines: cosines, sines: sines)
        ReferenceNumerics.rotate(&adjacent, pairing: .adjacent, cosines: cosines, sines: sines)
        #expect(order.map { halves[$0] } == adjacent)
        #expect(halves[2] == -6.5 && halves[6] == 2.5)
        #expect(Array(halves[8...]) == Array(head[8...]))
    }

    /// Without the 16 positions before it a window's strided sums are the same.
    @Test func aWindowSeesNothingBeforeItsStart() throws {
        var numbers = TestNumbers(state: 3)
        let keys = (0..<48).map { _ in numbers.floats(16) }
        let values = (0..<48).map { _ in numbers.floats(16) }
        let query = numbers.floats(16)
        func attend(_ keys: [[Float]], _ values: [[Float]], from start: Int) throws -> [Float] {
            try #require(
                ReferenceNumerics.attend(query: query, keys: keys, values: values, start: start, scale: 0.25))
        }
        let all = try attend(keys, values, from: 0)
        let window = try attend(keys, values, from: 16)
        #expect(window == (try attend(Array(keys[16...]), Array(values[16...]), from: 0)))
        #expect(window != all)
    }
}
