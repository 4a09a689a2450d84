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
        kernels.scale(&out, by: -0.3, count: 96)
        #expect(
            bits(out) == bits(try #require(ReferenceNumerics.normalize(x, weight: y, epsilon: 1e-5)).map { $0 * -0.3 }))
        out = y
        kernels.add(x, to: &out, count: 96)
        #expect(bits(out) == bits(zip(x, y).map { $1 + $0 }))
        out = y
        kernels.accumulate(x, weight: 0.7, into: &out, count: 96)
        #expect(bits(out) == bits(zip(x, y).map { $1.addingProduct(0.7, $0) }))
    }

    /// Every size and sign: zeros, subnormals, what overflows on the way, infinities, NaN.
    private static let wideRange: [Float] =
        (-800...800).map { Float($0) / 64 }
        + (-149...127).flatMap { exponent in
            let power = Float(sign: .plus, exponent: exponent, significand: exponent < -126 ? 1 : 1.3)
            return [power, -power]
        } + [0, -0.0, .infinity, -.infinity, .nan, .greatestFiniteMagnitude, -.greatestFiniteMagnitude]

    @Test(arguments: instructionSets, GatedActivation.allCases)
    func activationsEqualTheReference(_ set: InstructionSet, _ activation: GatedActivation) throws {
        let kernels = try #require(KernelSet(set))
        let gate = Self.wideRange + [Float](repeating: 1, count: 15 - (Self.wideRange.count + 15) % 16)
        var numbers = TestNumbers(state: 6)
        let up = numbers.floats(gate.count)
        var out = [Float](repeating: 0, count: gate.count)
        kernels.activate(activation, gate: gate, up: up, count: gate.count, into: &out)
        let expected = ReferenceNumerics.activate(activation, gate: gate, up: up)
        #expect(out.map(\.isNaN) == expected.map(\.isNaN))
        #expect(bits(out.filter { !$0.isNaN }) == bits(expected.filter { !$0.isNaN }))
    }

    @Test(arguments: instructionSets, [Float(50), 30, 0.25])
    func softCapsEqualTheReference(_ set: InstructionSet, _ cap: Float) throws {
        let kernels = try #require(KernelSet(set))
        for count in [1, 15, 16, 17, Self.wideRange.count] {
            let x = Array(Self.wideRange.suffix(count))
            var out = x + [7]
            kernels.softCap(&out, count: count, cap: cap)
            let expected = x.map { ReferenceNumerics.softCap($0, cap: cap) } + [7]
            #expect(out.map(\.isNaN) == expected.map(\.isNaN))
            #expect(bits(out.filter { !$0.isNaN }) == bits(expected.filter { !$0.isNaN }))
        }
    }

    @Test(arguments: instructionSets, RotaryPairing.allCases)
    func rotationsEqualTheReference(_ set: InstructionSet, _ pairing: RotaryPairing) throws {
        let kernels = try #require(KernelSet(set))
        var numbers = TestNumbers(state: 7)
        let (x, cosines, sines) = (numbers.floats(3 * 96), numbers.floats(48), numbers.floats(48))
        for pairs in [0, 1, 8, 15, 16, 17, 32, 40, 48] {
            var rotated = x
            kernels.rotate(
                &rotated, heads: 3, headDimension: 96, pairs: pairs, pairing: pairing, cosines: cosines, sines: sines)
            let expected = (0..<3).flatMap { head in
                var one = Array(x[96 * head..<96 * (head + 1)])
                ReferenceNumerics.rotate(
                    &one, pairing: pairing, cosines: Array(cosines.prefix(pairs)), sines: Array(sines.prefix(pairs)))
                return one
            }
            #expect(bits(rotated) == bits(expected), "\(pairs) pairs")
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
        var (page, out) = ([UInt16](repeating: 0, count: 512), x)
        #expect(!kernels.normalize(bad, weight: x, count: 16, epsilon: 1e-5, into: &out))
        #expect(!kernels.store(key: bad, value: x, headDimension: 16, position: 0, page: &page, keys: 0, values: 256))
        #expect(!kernels.store(key: x, value: bad, headDimension: 16, position: 0, page: &page, keys: 0, values: 256))
        bad[7] = 65520  // rounds to infinity in f16
        #expect(!kernels.store(key: bad, value: x, headDimension: 16, position: 0, page: &page, keys: 0, values: 256))
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
