/// Gemma 3, text only: Gemma 2 with normed queries and keys instead of soft caps. Of six layers five see a window and
/// rotate fast, one sees everything and rotates slowly.
enum Gemma3: ModelFamily {
    static let architectures = ["gemma3"]

    static func describe(_ file: ModelReader) throws(ModelError) -> ModelDescription {
        let (sizes, heads) = (file.sizes, file.sizes.heads)
        let window = try file.metadata.size("attention.sliding_window", 0...1_048_576, default: 0)
        let windowed = try file.metadata.windows("attention.sliding_window_pattern", layers: sizes.layers, default: 6)
        let nearBase = try file.metadata.number("rope.freq_base_swa", 1...1e9, default: 10000)
        let logitCap = try file.metadata.number("final_logit_softcapping", 0...1e6, default: 0)
        let (near, far) = (try file.rotary(.halves, base: nearBase), try file.rotary(.halves))
        // The file does not say it: the largest model, of 62 layers, scales by the width instead of the head's length.
        let scale = sizes.layers == 62 ? 1 / Float(sizes.embedding / heads.heads).squareRoot() : heads.scale
        return try file.model(
            rotaries: [near, far], embeddingScale: Float(sizes.embedding).squareRoot(),
            logitCap: logitCap > 0 ? logitCap : nil
        ) { layer in
            let seesAll = window == 0 || !windowed[layer.index]
            return Layer(
                attention: Attention(
                    norm: layer.norm("attn_norm"), query: layer.query, key: layer.key, value: layer.value,
                    queryNorm: layer.headNorm("attn_q_norm"), keyNorm: layer.headNorm("attn_k_norm"),
                    output: layer.attentionOutput, postNorm: layer.norm("post_attention_norm"), heads: heads,
                    rotary: seesAll ? 1 : 0, window: seesAll ? nil : window, scale: scale),
                feedForward: FeedForward(
                    norm: layer.norm("ffn_norm"), network: layer.gated(.gelu), postNorm: layer.norm("post_ffw_norm")))
        }
    }
}
