package import GGUF
package import Kernels

/// Finds tensors in a file and checks type and shape before anything is computed.
package struct TensorSource {
    let file: GGUFFile

    package init(file: GGUFFile) { self.file = file }

    func tensor(_ name: String, shape: [Int]) throws(ModelError) -> GGUFTensor {
        guard let tensor = file.header.tensors[name] else { throw .missingTensor(name) }
        guard tensor.shape == shape else {
            throw .shapeMismatch(tensor: name, expected: shape, found: tensor.shape)
        }
        guard MatrixFormat(tensor.type) != nil else {
            throw .unsupportedTensorType(tensor: name, type: tensor.type.name)
        }
        return tensor
    }

    package func matrix(_ name: String, rows: Int, columns: Int) throws(ModelError) -> PackedMatrix {
        let tensor = try tensor(name, shape: [columns, rows])
        guard let format = MatrixFormat(tensor.type) else {
            throw .unsupportedTensorType(tensor: name, type: tensor.type.name)
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
