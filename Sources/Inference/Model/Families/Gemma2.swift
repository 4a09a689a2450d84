/// Gemma 2: scaled embeddings, norms before and after both halves of a layer, soft caps; every other layer sees a window.
enum Gemma2: ModelFamily {
    static let architectures = ["gemma2"]

    static func describe(_ file: ModelReader) throws(ModelError) -> ModelDescription {
        let (sizes, heads) = (file.sizes, file.sizes.heads)
        let window = try file.metadata.size("attention.sliding_window", 1...1_048_576, default: 4096)
        let windowed = try file.metadata.windows("attention.sliding_window_pattern", layers: sizes.layers, default: 2)
        let scoreCap = try file.metadata.number("attn_logit_softcapping", 1e-3...1e6, default: 50)
        let logitCap = try file.metadata.number("final_logit_softcapping", 1e-3...1e6, default: 30)
        // The file does not say it: the largest model, of 46 layers, scales by the width instead of the head's length.
        let scale = sizes.layers == 46 ? 1 / Float(sizes.embedding / heads.heads).squareRoot() : heads.scale
        return try file.model(
            rotaries: [try file.rotary(.halves)], embeddingScale: Float(sizes.embedding).squareRoot(),
            logitCap: logitCap
        ) { layer in
            Layer(
                attention: Attention(
                    norm: layer.norm("attn_norm"), query: layer.query, key: layer.key, value: layer.value,
                    output: layer.attentionOutput,
                    postNorm: layer.norm("post_attention_norm"), heads: heads,
                    window: windowed[layer.index] ? window : nil, scale: scale, scoreCap: scoreCap),
                feedForward: FeedForward(
                    norm: layer.norm("ffn_norm"), network: layer.gated(.gelu), postNorm: layer.norm("post_ffw_norm")))
        }
    }
}
