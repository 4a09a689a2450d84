import GGUF
import Inference
import Kernels
import Testing

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

struct KernelEqualityTests {
    static let instructionSets = InstructionSet.allCases.filter { $0.isAvailable && $0 != .auto && $0 != .reference }

    private func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

    private func weights(_ type: TensorType, rows: Int, columns: Int, _ numbers: inout TestNumbers) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<rows * columns / type.blockElements {
            var block = (0..<type.blockBytes).map { _ in UInt8.random(in: 0...255, using: &numbers) }
            switch type {
            // Exponents below 31 keep scales finite; small ones keep sums finite.
            case .q4_1:
                block[1] &= 0xBB
                block[3] &= 0xBB
            case .q8_0:
                block[1] &= 0xBB
                block[2] = 0x80  // -128
                block[3] = 0x80
            case .f16: block[1] &= 0xBB
            default: block = withUnsafeBytes(of: numbers.float().bitPattern.littleEndian, Array.init)
            }
            bytes += block
        }
        return bytes
    }

    @Test(arguments: instructionSets, [TensorType.q4_1, .q8_0, .f16, .f32])
    func productsEqualTheReference(_ set: InstructionSet, _ type: TensorType) throws {
        var numbers = TestNumbers(state: 11)
        let kernels = try #require(KernelSet(set))
        let (rows, columns, most) = (37, 96, 17)
        let bytes = weights(type, rows: rows, columns: columns, &numbers)
        let format: MatrixFormat = [.q4_1: .q4_1, .q8_0: .q8_0, .f16: .f16, .f32: .f32][type]!
        let packed = bytes.withUnsafeBytes {
            PackedMatrix(format: format, rows: rows, columns: columns, source: $0)
        }
        let matrix = try #require(packed)
        let reference = ReferenceMatrix(type: type, columns: columns, bytes: bytes)
        var embedding = [Float](repeating: 0, count: columns)
        for row in 0..<rows {
            matrix.unpack(row: row, into: &embedding)
            #expect(bits(embedding) == bits(reference.row(row)))
        }
        let input = MatrixInput(columns: columns, capacity: most)
        var expected: [[Float]] = []
        for token in 0..<most {
            var x = numbers.floats(columns)
            if token == 3 { for index in 0..<32 { x[index] = -0x1p-101 } }
            if token == 4 { for index in 0..<64 { x[index] = index.isMultiple(of: 2) ? -127 : 127 } }
            for index in x.indices { input.floats(token)[index] = x[index] }
            #expect(kernels.quantize(input, token: token))
            let activation = try #require(ReferenceActivation(x))
            for (index, block) in activation.blocks.enumerated() {
                let got = input.block(index, token: token)
                #expect(got.codes.map(Int.init) == block.codes && got.scale == block.scale)
                #expect(got.scaledSum == block.scale * Float(block.codes.reduce(0, +)))
            }
            expected.append((0..<rows).map { reference.dot(row: $0, activation) })
        }
        let stride = matrix.groups * PackedMatrix.groupRows
        for batch in 1...most {
            var out = [Float](repeating: 1, count: stride * batch)
            kernels.multiply(matrix, groups: 0..<1, by: input, count: batch, into: &out, stride: stride)
            kernels.multiply(matrix, groups: 1..<matrix.groups, by: input, count: batch, into: &out, stride: stride)
            for token in 0..<batch {
                #expect(bits(Array(out[token * stride..<token * stride + rows])) == bits(expected[token]))
            }
            kernels.multiply(
                matrix, groups: 0..<matrix.groups, by: input, count: batch, into: &out, stride: stride, adding: true)
            #expect(bits(Array(out[0..<rows])) == bits(expected[0].map { $0 + $0 }))
        }
        var last = [Float](repeating: 0, count: stride)
        kernels.multiply(
            matrix, groups: 0..<matrix.groups, by: input, first: most - 1, count: 1, into: &last, stride: stride)
        #expect(bits(Array(last[0..<rows])) == bits(expected[most - 1]))
    }

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
