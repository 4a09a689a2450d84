import GGUF
import Kernels

/// Finds tensors in a file and checks type and shape before anything is computed.
struct TensorSource {
    let file: GGUFFile

    func tensor(_ name: String, shape: [Int]) throws(ModelError) -> GGUFTensor {
        guard let tensor = file.header.tensors[name] else { throw .missingTensor(name) }
        guard tensor.shape == shape else {
            throw .shapeMismatch(tensor: name, expected: shape, found: tensor.shape)
        }
        guard [.q4_1, .q8_0, .f16, .f32].contains(tensor.type) else {
            throw .unsupportedTensorType(tensor: name, type: tensor.type.name)
        }
        return tensor
    }

    func matrix(_ name: String, rows: Int, columns: Int) throws(ModelError) -> PackedMatrix {
        let tensor = try tensor(name, shape: [columns, rows])
        let format: MatrixFormat =
            switch tensor.type {
            case .q4_1: .q4_1
            case .q8_0: .q8_0
            case .f16: .f16
            default: .f32
            }
        let matrix = file.withBytes(of: tensor) {
            PackedMatrix(format: format, rows: rows, columns: columns, source: $0)
        }
        guard let matrix else { throw .nonFiniteWeights(tensor: name) }
        return matrix
    }

    /// A vector of f32 weights.
    func vector(_ name: String, count: Int) throws(ModelError) -> [Float] {
        let tensor = try tensor(name, shape: [count])
        guard tensor.type == .f32 else { throw .unsupportedTensorType(tensor: name, type: tensor.type.name) }
        let values = file.withBytes(of: tensor) { bytes in
            (0..<count).map { Float(bitPattern: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)) }
        }
        guard values.allSatisfy(\.isFinite) else { throw .nonFiniteWeights(tensor: name) }
        return values
    }
}
