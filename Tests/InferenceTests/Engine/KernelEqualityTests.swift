import Inference
import Kernels
import Testing

struct KernelEqualityTests {
    static let instructionSets = InstructionSet.allCases.filter { $0.isAvailable && $0 != .auto && $0 != .reference }

    private func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

    @Test(arguments: instructionSets)
    func exponentialEqualsTheReference(_ set: InstructionSet) throws {
        let kernels = try #require(KernelSet(set))
        let x = (-1600...1600).map { Float($0) / 16 } + [-0.0, 0x1p-140, -1e30, 1e30, 0.34657359, -0.34657359]
        var got = [Float](repeating: 0, count: x.count)
        kernels.exponential(x, count: x.count, into: &got)
        #expect(bits(got) == bits(x.map(ReferenceNumerics.exp)))
    }

    @Test(arguments: instructionSets)
    func vectorStepsEqualTheReference(_ set: InstructionSet) throws {
        let kernels = try #require(KernelSet(set))
        var numbers = TestNumbers(state: 5)
        let (x, y) = (numbers.floats(96), numbers.floats(96))
        var out = [Float](repeating: 0, count: 96)
        #expect(kernels.normalize(x, weight: y, count: 96, epsilon: 1e-5, into: &out))
        #expect(bits(out) == bits(try #require(ReferenceNumerics.normalize(x, weight: y, epsilon: 1e-5))))
        kernels.swiglu(gate: x, up: y, count: 96, into: &out)
        #expect(bits(out) == bits(ReferenceNumerics.swiglu(gate: x, up: y)))
        var (rotated, head) = (x, Array(x[0..<96]))
        let (cosines, sines) = (Array(y[0..<40]), Array(y[40..<80]))
        kernels.rotate(&rotated, heads: 1, headDimension: 96, pairs: 40, cosines: cosines, sines: sines)
        ReferenceNumerics.rotate(&head, cosines: cosines, sines: sines)
        #expect(bits(rotated) == bits(head))
    }

    @Test(arguments: instructionSets, [16, 64, 80])
    func attentionEqualsTheReference(_ set: InstructionSet, _ dimension: Int) throws {
        let kernels = try #require(KernelSet(set))
        var numbers = TestNumbers(state: 23)
        let positions = 83
        let capacity = 96
        let keys = (0..<positions).map { _ in numbers.floats(dimension) }
        let values = (0..<positions).map { _ in numbers.floats(dimension) }
        var keyCache = [UInt16](repeating: 0x7e00, count: capacity * dimension)  // NaN: must never be looked at
        var valueCache = keyCache
        for position in 0..<positions {
            #expect(
                kernels.store(
                    key: keys[position], value: values[position], headDimension: dimension, position: position,
                    keys: &keyCache, values: &valueCache))
        }
        for count in [1, 2, 3, 5, 6, 7, 12, 15] {
            let queries = numbers.floats(count * dimension)
            let lengths = (0..<count).map { Int64(positions - 2 * (count - 1 - $0)) }
            var out = [Float](repeating: 0, count: count * dimension)
            var scores = [Float](repeating: 0, count: count * capacity)
            queries.withUnsafeBufferPointer { queries in
                out.withUnsafeMutableBufferPointer { out in
                    let from: [UnsafePointer<Float>?] = (0..<count).map { queries.baseAddress! + $0 * dimension }
                    let to: [UnsafeMutablePointer<Float>?] = (0..<count).map { out.baseAddress! + $0 * dimension }
                    from.withUnsafeBufferPointer {
                        let finite = kernels.attend(
                            queries: $0, outputs: to, lengths: lengths, headDimension: dimension, keys: keyCache,
                            values: valueCache, scores: &scores, scoreStride: capacity, scale: 0.125)
                        #expect(finite)
                    }
                }
            }
            for index in 0..<count {
                let visible = 0..<Int(lengths[index])
                let expected = ReferenceNumerics.attend(
                    query: Array(queries[index * dimension..<(index + 1) * dimension]),
                    keys: visible.map { keys[$0].map(ReferenceNumerics.roundToHalf) },
                    values: visible.map { values[$0].map(ReferenceNumerics.roundToHalf) }, scale: 0.125)
                #expect(bits(Array(out[index * dimension..<(index + 1) * dimension])) == bits(try #require(expected)))
            }
        }
    }

    @Test(arguments: instructionSets, [Float.infinity, -.infinity, .nan])
    func reportsValuesThatAreNotFinite(_ set: InstructionSet, _ value: Float) throws {
        let kernels = try #require(KernelSet(set))
        let input = MatrixInput(columns: 64, capacity: 1)
        input.floats(0)[40] = value
        #expect(!kernels.quantize(input, token: 0))
        #expect(input.block(1, token: 0).scale == 0)
        let x = [Float](repeating: 1, count: 16)
        var bad = x
        bad[7] = value
        var (keys, values, out) = ([UInt16](repeating: 0, count: 256), [UInt16](repeating: 0, count: 256), x)
        #expect(!kernels.normalize(bad, weight: x, count: 16, epsilon: 1e-5, into: &out))
        #expect(!kernels.store(key: bad, value: x, headDimension: 16, position: 0, keys: &keys, values: &values))
        #expect(!kernels.store(key: x, value: bad, headDimension: 16, position: 0, keys: &keys, values: &values))
        bad[7] = 65520  // rounds to infinity in f16
        #expect(!kernels.store(key: bad, value: x, headDimension: 16, position: 0, keys: &keys, values: &values))
    }

    @Test func halvesRoundAsTheHardwareDoes() {
        for bits in UInt16.min...UInt16.max where bits & 0x7c00 != 0x7c00 {
            let value = ReferenceNumerics.float(half: bits)
            #expect(ReferenceNumerics.roundToHalf(value).bitPattern == value.bitPattern)
        }
        #expect(ReferenceNumerics.roundToHalf(65519) == 65504)
        #expect(ReferenceNumerics.roundToHalf(65520) == .infinity)
        #expect(ReferenceNumerics.roundToHalf(0x1p-25) == 0)
        #expect(ReferenceNumerics.roundToHalf(0x1.8p-25) == 0x1p-24)
    }
}
