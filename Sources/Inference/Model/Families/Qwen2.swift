/// Qwen 2 and 2.5: Llama's diagram with biases on query, key and value.
enum Qwen2: ModelFamily {
    static let architectures = ["qwen2"]

    static func describe(_ file: ModelReader) throws(ModelError) -> ModelDescription {
        let heads = file.sizes.heads
        return try file.model(rotaries: [try file.rotary(.halves)]) { layer in
            Layer(
                attention: Attention(
                    norm: layer.norm("attn_norm"), query: layer.query, key: layer.key, value: layer.value,
                    output: layer.attentionOutput, heads: heads),
                feedForward: FeedForward(
                    norm: layer.norm("ffn_norm"), network: layer.gated(.silu)))
        }
    }
}
