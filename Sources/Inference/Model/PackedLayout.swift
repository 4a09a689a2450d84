package import GGUF
package import Kernels

/// Where each matrix of a model lies in the memory of its packed weights: after a header, in the order in which the
/// model names them, each at a multiple of 64 bytes.
package struct PackedLayout {
    package struct Place {
        package let format: MatrixFormat
        package let offset: Int
    }

    package private(set) var places: [MatrixName: Place] = [:]
    /// Header and matrices.
    package private(set) var byteCount = Self.headerBytes
    /// What the vectors take besides.
    private(set) var vectorBytes = 0

    /// A page, which says in a file what follows.
    package static let headerBytes = 4096

    /// Throws what is wrong with a tensor's type or shape.
    package init(_ model: ModelDescription, _ header: GGUFHeader) throws(ModelError) {
        let collector = Collector(header)
        _ = try model.load(by: collector)
        self = collector.layout
    }

    private init() {}

    /// Packs all matrices into a region.
    func pack(_ source: TensorSource, into region: MemoryRegion) throws(ModelError) {
        for (name, place) in places {
            let matrix = PackedMatrix(
                format: place.format, rows: name.rows.count, columns: name.columns, in: region, at: place.offset)
            let isFinite = try source.withMatrix(name) { _, bytes in matrix.pack(bytes) }
            guard isFinite else { throw .nonFiniteWeights(tensor: name.tensor) }
        }
    }

    private final class Collector: TensorLoader {
        enum Form: TensorForm {
            typealias Matrix = Void
            typealias Vector = Void
        }

        var layout = PackedLayout()
        private let header: GGUFHeader

        init(_ header: GGUFHeader) { self.header = header }

        func matrix(_ name: MatrixName) throws(ModelError) {
            let type = try header.tensor(name).type
            guard let format = MatrixFormat(type) else {
                throw .unsupportedTensorType(tensor: name.tensor, type: type.name)
            }
            guard layout.places[name] == nil else { return }
            layout.places[name] = Place(format: format, offset: layout.byteCount)
            let bytes = PackedMatrix.byteCount(format: format, rows: name.rows.count, columns: name.columns)
            layout.byteCount += (bytes + 63) / 64 * 64
        }

        func vector(_ name: VectorName) throws(ModelError) {
            _ = try header.tensor(name)
            layout.vectorBytes += name.count * MemoryLayout<Float>.stride
        }
    }
}
