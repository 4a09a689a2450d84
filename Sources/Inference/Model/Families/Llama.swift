/// Llama 2 and 3, Mistral, SmolLM and others that write themselves so; Mixtral, whose feed-forward networks are experts.
enum Llama: ModelFamily {
    static let architectures = ["llama"]

    static func describe(_ file: ModelReader) throws(ModelError) -> ModelDescription {
        let heads = file.sizes.heads
        let experts = try file.metadata.size("expert_count", 0...256, default: 0)
        let used = try file.metadata.size("expert_used_count", min(1, experts)...experts, default: 0)
        return try file.model(rotaries: [try file.rotary(.adjacent)]) { layer in
            Layer(
                attention: Attention(
                    norm: layer.norm("attn_norm"), query: layer.query, key: layer.key, value: layer.value,
                    output: layer.attentionOutput, heads: heads),
                feedForward: FeedForward(
                    norm: layer.norm("ffn_norm"),
                    network: experts > 0
                        ? layer.experts(.silu, used: used, of: experts, length: file.sizes.feedForward)
                        : layer.gated(.silu)))
        }
    }
}
