import GGUF
import Kernels

/// What a family reads a file with: its metadata, and the names of its tensors.
///
/// Remembers what was asked for, so that nothing in the file is silently left out.
final class ModelReader {
    let metadata: ModelMetadata
    let sizes: ModelSizes
    private let header: GGUFHeader
    private var known: Set<String> = []

    init(_ header: GGUFHeader) throws(ModelError) {
        self.header = header
        metadata = try ModelMetadata(header)
        sizes = try ModelSizes(metadata, header)
    }

    /// Refuses a file with metadata or tensors that the family did not ask for.
    func finish() throws(ModelError) {
        try metadata.finish()
        guard let name = header.tensors.keys.filter({ !known.contains($0) }).min() else { return }
        throw .unsupportedFeature("the tensor '\(name)'")
    }

    func has(_ tensor: String) -> Bool { header.tensors[tensor] != nil }

    /// Accepts a tensor that the family does not need.
    func ignore(_ tensor: String) { known.insert(tensor) }

    /// `tensor`, or `rows` of its `tensorRows`.
    func matrix(_ tensor: String, rows: Range<Int>, of tensorRows: Int, columns: Int) -> MatrixName {
        known.insert(tensor)
        return MatrixName(tensor: tensor, columns: columns, tensorRows: tensorRows, rows: rows)
    }

    func matrix(_ tensor: String, rows: Int, columns: Int) -> MatrixName {
        matrix(tensor, rows: 0..<rows, of: rows, columns: columns)
    }

    func vector(_ tensor: String, _ count: Int) -> VectorName {
        known.insert(tensor)
        return VectorName(tensor: tensor, count: count)
    }

    /// The rotation that the metadata describe. `factors` names a tensor that may scale each pair.
    func rotary(
        _ pairing: RotaryPairing, factors: String = "rope_freqs.weight", magnitude: Float = 1
    ) throws(ModelError) -> Rotary<TensorNames> {
        let pairs = try rotaryPairs()
        return Rotary(
            pairing: pairing, pairs: pairs, base: try metadata.number("rope.freq_base", 1...1e9, default: 10000),
            factors: has(factors) ? vector(factors, pairs) : nil, linear: try linearScaling(), magnitude: magnitude)
    }

    /// A rotation that is not scaled.
    func rotary(_ pairing: RotaryPairing, base: Float) throws(ModelError) -> Rotary<TensorNames> {
        Rotary(pairing: pairing, pairs: try rotaryPairs(), base: base, factors: nil, linear: 1, magnitude: 1)
    }

    private func rotaryPairs() throws(ModelError) -> Int {
        let length = sizes.heads.dimension
        return try metadata.size("rope.dimension_count", 2...length, default: length, multipleOf: 2) / 2
    }

    private func linearScaling() throws(ModelError) -> Float {
        let factor = try metadata.number("rope.scaling.factor", 1...1024, default: 1)
        let older = try metadata.number("rope.scale_linear", 1...1024, default: 1)
        let type = try metadata.text("rope.scaling.type") ?? "linear"
        switch type {
        case "none": return 1
        case "linear": return factor == 1 ? older : factor
        default: throw .unsupportedFeature("RoPE scaling of the type '\(type)'")
        }
    }

    /// The model around its layers.
    func model(
        rotaries: [Rotary<TensorNames>], embeddingScale: Float? = nil, logitCap: Float? = nil,
        layer: (LayerReader) throws(ModelError) -> Layer<TensorNames>
    ) throws(ModelError) -> ModelDescription {
        let embeddings = matrix("token_embd.weight", rows: sizes.vocabulary, columns: sizes.embedding)
        var layers: [Layer<TensorNames>] = []
        for index in 0..<sizes.layers { layers.append(try layer(LayerReader(self, index))) }
        return ModelDescription(
            configuration: ModelConfiguration(
                architecture: metadata.architecture, layers: sizes.layers, embedding: sizes.embedding,
                contextLength: sizes.contextLength, vocabulary: sizes.vocabulary),
            epsilon: sizes.epsilon, rotaries: rotaries, embeddings: embeddings, embeddingScale: embeddingScale,
            layers: layers, outputNorm: vector("output_norm.weight", sizes.embedding),
            output: has("output.weight")
                ? matrix("output.weight", rows: sizes.vocabulary, columns: sizes.embedding) : embeddings,
            logitCap: logitCap)
    }
}
