package import Kernels

/// Weights as the kernels read them.
package enum PackedTensors: TensorForm {
    package typealias Matrix = PackedMatrix
    package typealias Vector = [Float]
}

/// Packs the weights of a file, each once: embeddings and output are often the same tensor.
package final class PackedTensorLoader: TensorLoader {
    package typealias Form = PackedTensors
    private let source: TensorSource
    private var packed: [MatrixName: PackedMatrix] = [:]

    package init(_ source: TensorSource) { self.source = source }

    package func matrix(_ name: MatrixName) throws(ModelError) -> PackedMatrix {
        if let matrix = packed[name] { return matrix }
        let matrix = try source.withMatrix(name) { (type, bytes) throws(ModelError) in
            guard let format = MatrixFormat(type) else {
                throw .unsupportedTensorType(tensor: name.tensor, type: type.name)
            }
            let matrix = PackedMatrix(format: format, rows: name.rows.count, columns: name.columns, source: bytes)
            guard let matrix else { throw .nonFiniteWeights(tensor: name.tensor) }
            return matrix
        }
        packed[name] = matrix
        return matrix
    }

    func vector(_ name: VectorName) throws(ModelError) -> [Float] { try source.vector(name) }
}
