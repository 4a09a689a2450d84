package import GGUF

/// Whether the engine runs a model, and what it takes: from the header alone, without reading a weight.
package struct ModelInspection: Equatable, Sendable {
    /// What a running model occupies.
    package struct Memory: Equatable, Sendable {
        /// Bytes of all weights, packed.
        package let weights: Int
        /// Bytes of one position's keys and values in all layers. Sequences grow by 16 positions.
        package let position: Int
    }

    /// Numbers in all tensors of the file.
    package let parameters: Int
    /// Nil when the engine does not run the model.
    package let memory: Memory?
    /// The sentence with which the engine refuses the model. One that it takes can still turn out to hold weights that
    /// are infinite or NaN.
    package let refusal: String?

    /// Inspects the header of a file.
    package init(_ header: GGUFHeader) {
        parameters = header.tensors.values.reduce(0) { $0 + $1.shape.reduce(1, *) }
        do {
            let metadata = try TokenizerMetadata(gguf: header)
            let tokens = try Tokenizer(metadata: metadata).vocabularySize
            let model = try ModelDescription(header)
            guard tokens <= model.configuration.vocabulary else {
                throw ModelError.invalidMetadata(
                    key: "tokenizer.ggml.tokens", reason: "has more tokens than the embeddings")
            }
            let layout = try PackedLayout(model, header)
            let cached = model.layers.reduce(0) { $0 + 2 * $1.attention.heads.keyValueLength }
            memory = Memory(
                weights: layout.byteCount - PackedLayout.headerBytes + layout.vectorBytes,
                position: cached * MemoryLayout<UInt16>.stride)
            refusal = nil
        } catch {
            memory = nil
            refusal = "\(error)"
        }
    }
}
