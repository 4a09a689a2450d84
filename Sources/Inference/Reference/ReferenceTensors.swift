/// Weights as they lie in the file.
enum ReferenceTensors: TensorForm {
    typealias Matrix = ReferenceMatrix
    typealias Vector = [Float]
}

struct ReferenceTensorLoader: TensorLoader {
    typealias Form = ReferenceTensors
    let source: TensorSource

    func matrix(_ name: MatrixName) throws(ModelError) -> ReferenceMatrix {
        try source.withMatrix(name) { (type, bytes) in
            ReferenceMatrix(type: type, rows: name.rows.count, columns: name.columns, bytes: Array(bytes))
        }
    }

    func vector(_ name: VectorName) throws(ModelError) -> [Float] { try source.vector(name) }
}
