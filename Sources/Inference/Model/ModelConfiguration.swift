package import GGUF

/// The sizes of a `llama` model, read from GGUF metadata and checked.
public struct ModelConfiguration: Equatable, Sendable {
    /// Transformer layers.
    public let layers: Int
    /// Length of the residual stream; a multiple of 32.
    public let embedding: Int
    /// Length of the SwiGLU's inner vector; a multiple of 32.
    public let feedForward: Int
    /// Query heads.
    public let heads: Int
    /// Key/value heads; divides `heads`.
    public let keyValueHeads: Int
    /// Length of one head; a multiple of 16.
    public let headDimension: Int
    /// Rotated pairs of one head.
    public let rotaryPairs: Int
    /// Base of RoPE's frequencies.
    public let rotaryBase: Float
    /// Added to the mean square in RMSNorm.
    public let epsilon: Float
    /// Positions the model was trained for.
    public let contextLength: Int
    /// Tokens in the vocabulary.
    public let vocabulary: Int

    /// Length of all query heads.
    var queryLength: Int { heads * headDimension }
    /// Length of all key heads, and of all value heads.
    var keyValueLength: Int { keyValueHeads * headDimension }

    /// Reads and checks the metadata.
    package init(_ header: GGUFHeader) throws(ModelError) {
        let metadata = Metadata(header.metadata)
        let architecture = try metadata.text("general.architecture")
        guard architecture == "llama" else { throw .unsupportedArchitecture(architecture) }
        for key in header.metadata.keys where key.hasPrefix("llama.rope.scaling.") || key == "llama.rope.scale_linear" {
            guard header.metadata[key]?.text == "none" else { throw .unsupportedFeature("RoPE scaling ('\(key)')") }
        }
        guard header.metadata["llama.expert_count"]?.integer ?? 0 == 0 else {
            throw .unsupportedFeature("a mixture of experts")
        }
        guard header.tensors["rope_freqs.weight"] == nil else {
            throw .unsupportedFeature("RoPE frequency factors ('rope_freqs.weight')")
        }
        layers = try metadata.size("llama.block_count", 1...1024)
        embedding = try metadata.size("llama.embedding_length", 32...65536, multipleOf: 32)
        feedForward = try metadata.size("llama.feed_forward_length", 32...262_144, multipleOf: 32)
        heads = try metadata.size("llama.attention.head_count", 1...1024)
        keyValueHeads = try metadata.size("llama.attention.head_count_kv", 1...1024, default: heads)
        guard heads.isMultiple(of: keyValueHeads) else {
            throw .invalidMetadata(key: "llama.attention.head_count_kv", reason: "does not divide the head count")
        }
        headDimension = try metadata.size(
            "llama.attention.key_length", 16...1024, default: embedding / heads, multipleOf: 16)
        guard (heads * headDimension).isMultiple(of: 32) else {
            throw .unsupportedFeature("query heads of together \(heads * headDimension) elements, no multiple of 32")
        }
        guard try metadata.size("llama.attention.value_length", 16...1024, default: headDimension) == headDimension
        else { throw .unsupportedFeature("values and keys of different lengths") }
        let rotated = try metadata.size("llama.rope.dimension_count", 2...1024, default: headDimension, multipleOf: 2)
        guard rotated <= headDimension else {
            throw .invalidMetadata(key: "llama.rope.dimension_count", reason: "is more than the head's length")
        }
        rotaryPairs = rotated / 2
        rotaryBase = try metadata.positive("llama.rope.freq_base", 1...1e9, default: 10000)
        epsilon = try metadata.positive("llama.attention.layer_norm_rms_epsilon", 1e-12...1)
        contextLength = try metadata.size("llama.context_length", 1...1_048_576)
        guard let embeddings = header.tensors["token_embd.weight"], embeddings.shape.count == 2 else {
            throw .missingTensor("token_embd.weight")
        }
        vocabulary = embeddings.shape[1]
        guard vocabulary <= 1 << 22 else { throw .unsupportedFeature("a vocabulary of \(vocabulary) tokens") }
    }
}

/// Typed look-ups with ranges.
private struct Metadata {
    let values: [String: GGUFValue]
    init(_ values: [String: GGUFValue]) { self.values = values }

    func text(_ key: String) throws(ModelError) -> String {
        guard let text = values[key]?.text else { throw .missingMetadata(key) }
        return text
    }

    func size(_ key: String, _ range: ClosedRange<Int>, default fallback: Int? = nil, multipleOf unit: Int = 1)
        throws(ModelError) -> Int
    {
        if values[key] != nil, values[key]?.integer == nil { throw .missingMetadata(key) }
        guard let value = values[key]?.integer ?? fallback else { throw .missingMetadata(key) }
        guard range.contains(value) else {
            throw .invalidMetadata(key: key, reason: "is \(value), not in \(range.lowerBound)...\(range.upperBound)")
        }
        guard value.isMultiple(of: unit) else {
            throw .invalidMetadata(key: key, reason: "is \(value), not a multiple of \(unit)")
        }
        return value
    }

    func positive(_ key: String, _ range: ClosedRange<Float>, default fallback: Float? = nil)
        throws(ModelError) -> Float
    {
        if values[key] != nil, values[key]?.float32 == nil { throw .missingMetadata(key) }
        guard let value = values[key]?.float32 ?? fallback else { throw .missingMetadata(key) }
        guard range.contains(value) else {
            throw .invalidMetadata(key: key, reason: "is \(value), not in \(range.lowerBound)...\(range.upperBound)")
        }
        return value
    }
}
