import GGUF
import Kernels

/// The weights of a `llama` model, packed for the kernels.
final class LlamaWeights: Sendable {
    struct Layer: Sendable {
        let attentionNorm: [Float]
        let query, key, value, attentionOutput: PackedMatrix
        let feedForwardNorm: [Float]
        let gate, up, down: PackedMatrix
    }

    let embeddings: PackedMatrix
    let layers: [Layer]
    let outputNorm: [Float]
    /// The embeddings again when the file has no `output.weight`.
    let output: PackedMatrix

    init(_ file: GGUFFile, _ sizes: ModelConfiguration) throws(ModelError) {
        let source = TensorSource(file: file)
        embeddings = try source.matrix("token_embd.weight", rows: sizes.vocabulary, columns: sizes.embedding)
        var layers: [Layer] = []
        for index in 0..<sizes.layers { layers.append(try Self.layer("blk.\(index).", source, sizes)) }
        self.layers = layers
        outputNorm = try source.vector("output_norm.weight", count: sizes.embedding)
        output =
            file.header.tensors["output.weight"] == nil
            ? embeddings : try source.matrix("output.weight", rows: sizes.vocabulary, columns: sizes.embedding)
    }

    private static func layer(_ prefix: String, _ source: TensorSource, _ sizes: ModelConfiguration)
        throws(ModelError) -> Layer
    {
        for part in ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"] {
            guard source.file.header.tensors[prefix + part + ".bias"] == nil else {
                throw .unsupportedFeature("biases ('\(prefix + part).bias')")
            }
        }
        let (width, inner) = (sizes.embedding, sizes.feedForward)
        return Layer(
            attentionNorm: try source.vector(prefix + "attn_norm.weight", count: width),
            query: try source.matrix(prefix + "attn_q.weight", rows: sizes.queryLength, columns: width),
            key: try source.matrix(prefix + "attn_k.weight", rows: sizes.keyValueLength, columns: width),
            value: try source.matrix(prefix + "attn_v.weight", rows: sizes.keyValueLength, columns: width),
            attentionOutput: try source.matrix(prefix + "attn_output.weight", rows: width, columns: sizes.queryLength),
            feedForwardNorm: try source.vector(prefix + "ffn_norm.weight", count: width),
            gate: try source.matrix(prefix + "ffn_gate.weight", rows: inner, columns: width),
            up: try source.matrix(prefix + "ffn_up.weight", rows: inner, columns: width),
            down: try source.matrix(prefix + "ffn_down.weight", rows: width, columns: inner))
    }
}
