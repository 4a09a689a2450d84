package import Kernels

/// Weights as the kernels read them.
package enum PackedTensors: TensorForm {
    package typealias Matrix = PackedMatrix
    package typealias Vector = [Float]
}

/// Makes matrices of the memory in which packed weights stand, each once: embeddings and output are often the same.
final class PackedTensorLoader: TensorLoader {
    typealias Form = PackedTensors
    private let source: TensorSource
    private let layout: PackedLayout
    private let region: MemoryRegion
    private var matrices: [MatrixName: PackedMatrix] = [:]

    init(_ source: TensorSource, _ layout: PackedLayout, in region: MemoryRegion) {
        (self.source, self.layout, self.region) = (source, layout, region)
    }

    func matrix(_ name: MatrixName) throws(ModelError) -> PackedMatrix {
        if let matrix = matrices[name] { return matrix }
        guard let place = layout.places[name] else { preconditionFailure("a matrix of another model") }
        let matrix = PackedMatrix(
            format: place.format, rows: name.rows.count, columns: name.columns, in: region, at: place.offset)
        matrices[name] = matrix
        return matrix
    }

    func vector(_ name: VectorName) throws(ModelError) -> [Float] { try source.vector(name) }
}
