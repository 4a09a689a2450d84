import Foundation
import GGUF
import Inference
import Kernels
import Testing

/// Blocks as floats, against another program.
struct DequantizationTests {
    private struct File: Decodable {
        struct Vector: Decodable {
            let blocks: String
            let floats: String
        }

        let types: [String: Vector]
    }

    private func bytes(_ hexadecimal: String) throws -> [UInt8] {
        let digits = try hexadecimal.map { UInt8(try #require($0.hexDigitValue)) }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    @Test func rowsAreWhatThePackageGGUFMakesOfThem() throws {
        let url = try #require(Bundle.module.url(forResource: "Vectors/dequantized", withExtension: "json"))
        let vectors = try JSONDecoder().decode(File.self, from: Data(contentsOf: url)).types
        #expect(Set(vectors.keys) == Set(TestMatrix.types.map(\.name)).subtracting(["F32"]))
        for type in TestMatrix.types {
            guard let vector = vectors[type.name] else { continue }
            let (blocks, floats) = (try bytes(vector.blocks), try bytes(vector.floats))
            let columns = floats.count / 4
            let expected = floats.withUnsafeBytes { floats in
                (0..<columns).map { floats.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self).littleEndian }
            }
            let reference = ReferenceMatrix(type: type, rows: 1, columns: columns, bytes: blocks)
            #expect(reference.row(0).map(\.bitPattern) == expected, "\(type.name)")
            let format = try #require(MatrixFormat(type))
            let packed = blocks.withUnsafeBytes { PackedMatrix(format: format, rows: 1, columns: columns, source: $0) }
            var row = [Float](repeating: 0, count: columns)
            try #require(packed).unpack(row: 0, into: &row)
            #expect(row.map(\.bitPattern) == expected, "\(type.name)")
        }
    }
}
