/// Phi 3, 3.5 and 4: Llama's diagram with matrices that lie in one tensor.
enum Phi3: ModelFamily {
    static let architectures = ["phi3"]

    static func describe(_ file: ModelReader) throws(ModelError) -> ModelDescription {
        let heads = file.sizes.heads
        let window = try file.metadata.size("attention.sliding_window", 0...1_048_576, default: 0)
        return try file.model(rotaries: [try rotary(file)]) { layer in
            let fused = layer.fusedQueryKeyValue
            return Layer(
                attention: Attention(
                    norm: layer.norm("attn_norm"), query: fused[0], key: fused[1], value: fused[2],
                    output: layer.attentionOutput, heads: heads,
                    window: window > 0 ? window : nil),
                feedForward: FeedForward(
                    norm: layer.norm("ffn_norm"), network: layer.fusedGated(.silu)))
        }
    }

    /// Models with a long context carry two sets of factors. A result may not depend on how much context is in use, so
    /// the set for long contexts is always taken where the model's context is longer than the original one.
    private static func rotary(_ file: ModelReader) throws(ModelError) -> Rotary<TensorNames> {
        let (long, short) = ("rope_factors_long.weight", "rope_factors_short.weight")
        let context = file.sizes.contextLength
        let original = try file.metadata.size(
            "rope.scaling.original_context_length", 1...1_048_576, default: context)
        let magnitude = try file.metadata.number("rope.scaling.attn_factor", 0.1...100, default: 1)
        let (chosen, other) = context > original ? (long, short) : (short, long)
        guard file.has(chosen) || !file.has(other) else { throw .missingTensor(chosen) }
        file.ignore(other)
        return try file.rotary(.halves, factors: chosen, magnitude: magnitude)
    }
}
