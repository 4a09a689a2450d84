package import GGUF
import Kernels

/// Whether the engine runs a model, and what it takes: from the header alone, without reading a weight.
package struct ModelInspection: Equatable, Sendable {
    /// What a running model occupies.
    package struct Memory: Equatable, Sendable {
        /// Bytes of all weights, packed.
        package let weights: Int
        /// Bytes of one position's keys and values in all layers. Sequences grow by 16 positions.
        package let position: Int
    }

    /// Numbers in all tensors of the file.
    package let parameters: Int
    /// Nil when the engine does not run the model.
    package let memory: Memory?
    /// The sentence with which the engine refuses the model. One that it takes can still turn out to hold weights that
    /// are infinite or NaN.
    package let refusal: String?

    /// Inspects the header of a file.
    package init(_ header: GGUFHeader) {
        parameters = header.tensors.values.reduce(0) { $0 + $1.shape.reduce(1, *) }
        do {
            let metadata = try TokenizerMetadata(gguf: header)
            let tokens = try Tokenizer(metadata: metadata).vocabularySize
            let model = try ModelDescription(header)
            guard tokens <= model.configuration.vocabulary else {
                throw ModelError.invalidMetadata(
                    key: "tokenizer.ggml.tokens", reason: "has more tokens than the embeddings")
            }
            let measure = TensorMeasure(header)
            _ = try model.load(by: measure)
            let cached = model.layers.reduce(0) { $0 + 2 * $1.attention.heads.keyValueLength }
            memory = Memory(weights: measure.bytes, position: cached * MemoryLayout<UInt16>.stride)
            refusal = nil
        } catch {
            memory = nil
            refusal = "\(error)"
        }
    }
}

/// Adds up what weights take packed, each once, in place of packing them.
private final class TensorMeasure: TensorLoader {
    enum Form: TensorForm {
        typealias Matrix = Void
        typealias Vector = Void
    }

    private(set) var bytes = 0
    private let header: GGUFHeader
    private var measured: Set<MatrixName> = []

    init(_ header: GGUFHeader) { self.header = header }

    func matrix(_ name: MatrixName) throws(ModelError) {
        let type = try header.tensor(name).type
        guard let format = MatrixFormat(type) else {
            throw .unsupportedTensorType(tensor: name.tensor, type: type.name)
        }
        guard measured.insert(name).inserted else { return }
        bytes += PackedMatrix.byteCount(format: format, rows: name.rows.count, columns: name.columns)
    }

    func vector(_ name: VectorName) throws(ModelError) {
        _ = try header.tensor(name)
        bytes += name.count * MemoryLayout<Float>.stride
    }
}
