import GGUF

/// The sizes that every family has, checked.
struct ModelSizes {
    let layers: Int
    /// Length of the residual stream.
    let embedding: Int
    /// Length of a gated network's inner vector.
    let feedForward: Int
    let heads: HeadSizes
    let epsilon: Float
    let contextLength: Int
    let vocabulary: Int

    init(_ metadata: ModelMetadata, _ header: GGUFHeader) throws(ModelError) {
        layers = try metadata.size("block_count", 1...1024)
        embedding = try metadata.size("embedding_length", 32...65536, multipleOf: 32)
        feedForward = try metadata.size("feed_forward_length", 32...262_144, multipleOf: 32)
        heads = try Self.heads(metadata, embedding)
        epsilon = try metadata.number("attention.layer_norm_rms_epsilon", 1e-12...1)
        contextLength = try metadata.size("context_length", 1...1_048_576)
        guard let embeddings = header.tensors["token_embd.weight"], embeddings.shape.count == 2 else {
            throw .missingTensor("token_embd.weight")
        }
        vocabulary = embeddings.shape[1]
        guard vocabulary <= 1 << 22 else { throw .unsupportedFeature("a vocabulary of \(vocabulary) tokens") }
    }

    private static func heads(_ metadata: ModelMetadata, _ embedding: Int) throws(ModelError) -> HeadSizes {
        let heads = try metadata.size("attention.head_count", 1...1024)
        let keyValueHeads = try metadata.size("attention.head_count_kv", 1...heads, default: heads)
        guard heads.isMultiple(of: keyValueHeads) else {
            throw .unsupportedFeature("\(keyValueHeads) key/value heads for \(heads) query heads")
        }
        let dimension = try metadata.size(
            "attention.key_length", 16...1024, default: embedding / heads, multipleOf: 16)
        guard try metadata.size("attention.value_length", 16...1024, default: dimension) == dimension else {
            throw .unsupportedFeature("values and keys of different lengths")
        }
        guard (heads * dimension).isMultiple(of: 32) else {
            throw .unsupportedFeature("query heads of together \(heads * dimension) elements, no multiple of 32")
        }
        return HeadSizes(heads: heads, keyValueHeads: keyValueHeads, dimension: dimension)
    }
}
