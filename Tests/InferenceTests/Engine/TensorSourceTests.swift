import Foundation
import GGUF
import Inference
import Testing

struct TensorSourceTests {
    /// A file with one tensor `w` of 256 zero elements of a type.
    private func file(_ type: TensorType) throws -> GGUFFile {
        var bytes: [UInt8] = []
        func put(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
        put(UInt32(0x4655_4747))
        put(UInt32(3))
        put(UInt64(1))
        put(UInt64(0))
        put(UInt64(1))
        put(UInt8(ascii: "w"))
        put(UInt32(2))
        put(UInt64(256))
        put(UInt64(1))
        put(type.rawValue)
        put(UInt64(0))
        bytes += Array(repeating: 0, count: (32 - bytes.count % 32) % 32)
        bytes += Array(repeating: 0, count: 256 / type.blockElements * type.blockBytes)
        let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data(bytes).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        return try GGUFFile(path: url.path)
    }

    @Test(arguments: TensorType.allCases)
    func matricesOfOtherTypesAreRefusedByName(_ type: TensorType) throws {
        let source = TensorSource(file: try file(type))
        let name = MatrixName(tensor: "w", columns: 256, tensorRows: 1, rows: 0..<1)
        guard TestMatrix.types.contains(type) else {
            let refusal = ModelError.unsupportedTensorType(tensor: "w", type: type.name)
            #expect(throws: refusal) { try source.withMatrix(name) { _, _ in } }
            #expect(refusal.description.contains("'w' has the type \(type.name);"))
            return
        }
        let bytes = try source.withMatrix(name) { found, bytes in found == type ? bytes.count : 0 }
        #expect(bytes == 256 / type.blockElements * type.blockBytes)
    }
}
