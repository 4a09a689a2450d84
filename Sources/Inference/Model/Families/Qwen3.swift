/// Qwen 3: queries and keys are normed head by head. `qwen3moe` chooses among experts.
enum Qwen3: ModelFamily {
    static let architectures = ["qwen3", "qwen3moe"]

    static func describe(_ file: ModelReader) throws(ModelError) -> ModelDescription {
        let heads = file.sizes.heads
        let experts = try Experts(file)
        return try file.model(rotaries: [try file.rotary(.halves)]) { layer in
            Layer(
                attention: Attention(
                    norm: layer.norm("attn_norm"), query: layer.query, key: layer.key, value: layer.value,
                    queryNorm: layer.headNorm("attn_q_norm"), keyNorm: layer.headNorm("attn_k_norm"),
                    output: layer.attentionOutput, heads: heads),
                feedForward: FeedForward(
                    norm: layer.norm("ffn_norm"), network: experts?.network(layer) ?? layer.gated(.silu)))
        }
    }

    /// The sizes of the experts.
    private struct Experts {
        let count, used, length: Int

        init?(_ file: ModelReader) throws(ModelError) {
            guard file.metadata.architecture == "qwen3moe" else { return nil }
            count = try file.metadata.size("expert_count", 1...256)
            used = try file.metadata.size("expert_used_count", 1...count)
            length = try file.metadata.size("expert_feed_forward_length", 32...65536, multipleOf: 32)
        }

        func network(_ layer: LayerReader) -> FeedForward<TensorNames>.Network {
            layer.experts(.silu, used: used, of: count, length: length)
        }
    }
}
