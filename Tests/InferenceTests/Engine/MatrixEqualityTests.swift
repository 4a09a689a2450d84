import Foundation
import GGUF
import Inference
import Kernels
import Testing

/// Products and embeddings of every type, bit for bit.
struct MatrixEqualityTests {
    private func bits(_ values: some Sequence<Float>) -> [UInt32] { values.map(\.bitPattern) }

    /// Vectors of several tokens, quantized, which must be what the reference makes of them.
    private func fill(_ input: MatrixInput, _ kernels: KernelSet, _ numbers: inout TestNumbers) throws
        -> [ReferenceActivation]
    {
        try (0..<input.capacity).map { token in
            var x = numbers.floats(input.columns)
            if token == 3 { for index in 0..<32 { x[index] = -0x1p-101 } }
            if token == 4 { for index in 0..<32 { x[index] = index.isMultiple(of: 2) ? -127 : 127 } }
            if token == 5 { for index in x.indices { x[index] = 127 } }
            for index in x.indices { input.floats(token)[index] = x[index] }
            #expect(kernels.quantize(input, token: token))
            let activation = try #require(ReferenceActivation(x))
            for (index, block) in activation.blocks.enumerated() {
                let got = input.block(index, token: token)
                #expect(got.codes.map(Int.init) == block.codes && got.scale == block.scale)
                #expect(got.scaledSum == block.scale * Float(block.codes.reduce(0, +)))
            }
            return activation
        }
    }

    @Test(arguments: KernelEqualityTests.instructionSets, TestMatrix.types)
    func productsEqualTheReference(_ set: InstructionSet, _ type: TensorType) throws {
        var numbers = TestNumbers(state: 11)
        let kernels = try #require(KernelSet(set))
        let (rows, columns, most) = (37, max(96, 2 * type.blockElements), 17)
        let matrix = TestMatrix(type, rows: rows, columns: columns, &numbers)
        let packed = try #require(matrix.packed)
        let input = MatrixInput(columns: columns, capacity: most)
        let reference = matrix.reference
        let expected = try fill(input, kernels, &numbers).map { x in (0..<rows).map { reference.dot(row: $0, x) } }
        let stride = packed.groups * PackedMatrix.groupRows
        for batch in 1...most {
            var out = [Float](repeating: 1, count: stride * batch)
            kernels.multiply(packed, groups: 0..<1, by: input, count: batch, into: &out, stride: stride)
            kernels.multiply(packed, groups: 1..<packed.groups, by: input, count: batch, into: &out, stride: stride)
            for token in 0..<batch {
                #expect(bits(out[token * stride..<token * stride + rows]) == bits(expected[token]))
            }
            kernels.multiply(
                packed, groups: 0..<packed.groups, by: input, count: batch, into: &out, stride: stride, adding: true)
            #expect(bits(out[0..<rows]) == bits(expected[0].map { $0 + $0 }))
        }
        var last = [Float](repeating: 0, count: stride)
        kernels.multiply(
            packed, groups: 0..<packed.groups, by: input, first: most - 1, count: 1, into: &last, stride: stride)
        #expect(bits(last[0..<rows]) == bits(expected[most - 1]))
    }

    @Test(arguments: TestMatrix.types)
    func embeddingsEqualTheReference(_ type: TensorType) throws {
        var numbers = TestNumbers(state: 12)
        let matrix = TestMatrix(type, rows: 37, columns: 3 * max(32, type.blockElements), &numbers)
        let packed = try #require(matrix.packed)
        var embedding = [Float](repeating: 0, count: matrix.columns)
        for row in 0..<matrix.rows {
            packed.unpack(row: row, into: &embedding)
            #expect(bits(embedding) == bits(matrix.reference.row(row)))
        }
    }

    /// `DNA_SEED` repeats a run.
    @Test func anyShapeOfAnyTypeEqualsTheReference() throws {
        let given = ProcessInfo.processInfo.environment["DNA_SEED"].flatMap(UInt64.init)
        let seed = given ?? .random(in: 1...UInt64.max)
        print("matrices of any shape: DNA_SEED=\(seed)")
        var numbers = TestNumbers(state: seed)
        for _ in 0..<60 {
            let type = TestMatrix.types.randomElement(using: &numbers)!
            let set = KernelEqualityTests.instructionSets.randomElement(using: &numbers)!
            let unit = max(32, type.blockElements)
            let columns = unit * Int.random(in: 1...max(1, 512 / unit), using: &numbers)
            let (rows, tokens) = (Int.random(in: 1...40, using: &numbers), Int.random(in: 1...20, using: &numbers))
            let matrix = TestMatrix(type, rows: rows, columns: columns, &numbers)
            let kernels = try #require(KernelSet(set))
            let packed = try #require(matrix.packed)
            let input = MatrixInput(columns: columns, capacity: tokens)
            let activations = try fill(input, kernels, &numbers)
            let first = Int.random(in: 0..<tokens, using: &numbers)
            let stride = packed.groups * PackedMatrix.groupRows + Int.random(in: 0...3, using: &numbers)
            var out = [Float](repeating: 1, count: stride * (tokens - first))
            kernels.multiply(
                packed, groups: 0..<packed.groups, by: input, first: first, count: tokens - first, into: &out,
                stride: stride)
            for token in first..<tokens {
                let row = Int.random(in: 0..<rows, using: &numbers)
                let got = out[(token - first) * stride + row]
                let expected = matrix.reference.dot(row: row, activations[token])
                #expect(
                    got.bitPattern == expected.bitPattern,
                    "DNA_SEED=\(seed): \(type.name) \(set) \(rows)x\(columns), row \(row), token \(token)")
            }
        }
    }

    @Test(arguments: TestMatrix.types, [0x7c, 0xfc, 0x7e] as [UInt8])
    func refusesScalesAndWeightsThatAreNotFinite(_ type: TensorType, _ top: UInt8) throws {
        let columns = max(32, type.blockElements)
        let places = type == .f32 ? [2] : type == .bf16 ? [0] : TestMatrix.halves(type)
        for place in places {
            var bytes = [UInt8](repeating: 0, count: 17 * columns / type.blockElements * type.blockBytes)
            let last = bytes.count - type.blockBytes
            // the last block of a group that is not full
            bytes[last + place] = type == .f32 || type == .bf16 ? 0x80 : 0
            bytes[last + place + 1] = type == .f32 || type == .bf16 ? top | 0x7f : top
            let format = try #require(MatrixFormat(type))
            let packed = bytes.withUnsafeBytes { PackedMatrix(format: format, rows: 17, columns: columns, source: $0) }
            #expect(packed == nil)
        }
    }

    @Test func formatsAreCountedAsInTheFile() throws {
        for type in TestMatrix.types {
            let format = try #require(MatrixFormat(type))
            #expect(format.rowBytes(columns: 512) == 512 / type.blockElements * type.blockBytes)
            #expect(format.packedRowBytes(columns: 512) * 25 <= format.rowBytes(columns: 512) * 26)
        }
        #expect(TestMatrix.types.count == MatrixFormat.allCases.count)
    }
}
