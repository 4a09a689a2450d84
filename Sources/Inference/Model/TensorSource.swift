package import GGUF
import Kernels

/// Finds tensors in a file and checks type and shape before anything is computed.
package struct TensorSource {
    private let file: GGUFFile

    package init(file: GGUFFile) { self.file = file }

    /// Calls `body` with the type and the bytes of a matrix, which are valid only during the call.
    package func withMatrix<R>(
        _ name: MatrixName, _ body: (TensorType, UnsafeRawBufferPointer) throws(ModelError) -> R
    ) throws(ModelError) -> R {
        let tensor = try file.header.tensor(name)
        let rowBytes = tensor.bytes.count / name.tensorRows
        return try file.withBytes(of: tensor) { (bytes) throws(ModelError) in
            let (first, end) = (name.rows.lowerBound * rowBytes, name.rows.upperBound * rowBytes)
            return try body(tensor.type, UnsafeRawBufferPointer(rebasing: bytes[first..<end]))
        }
    }

    /// A vector of f32 weights.
    func vector(_ name: VectorName) throws(ModelError) -> [Float] {
        let tensor = try file.header.tensor(name)
        let values = file.withBytes(of: tensor) { bytes in
            (0..<name.count).map { Float(bitPattern: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)) }
        }
        guard values.allSatisfy(\.isFinite) else { throw .nonFiniteWeights(tensor: name.tensor) }
        return values
    }
}

extension GGUFHeader {
    /// A matrix's tensor, if its shape and type are right.
    func tensor(_ name: MatrixName) throws(ModelError) -> GGUFTensor {
        guard let tensor = tensors[name.tensor] else { throw .missingTensor(name.tensor) }
        guard tensor.shape[0] == name.columns, tensor.shape.dropFirst().reduce(1, *) == name.tensorRows else {
            throw .shapeMismatch(
                tensor: name.tensor, expected: [name.columns, name.tensorRows], found: tensor.shape)
        }
        guard MatrixFormat(tensor.type) != nil else {
            throw .unsupportedTensorType(tensor: name.tensor, type: tensor.type.name)
        }
        return tensor
    }

    /// A vector's tensor, if its length and type are right.
    func tensor(_ name: VectorName) throws(ModelError) -> GGUFTensor {
        guard let tensor = tensors[name.tensor] else { throw .missingTensor(name.tensor) }
        guard tensor.shape.reduce(1, *) == name.count else {
            throw .shapeMismatch(tensor: name.tensor, expected: [name.count], found: tensor.shape)
        }
        guard tensor.type == .f32 else {
            throw .unsupportedTensorType(tensor: name.tensor, type: tensor.type.name)
        }
        return tensor
    }
}
