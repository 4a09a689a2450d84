public import GGUF

extension TokenizerMetadata {
    /// Reads the `tokenizer.*` keys of a GGUF header; a key that is missing or of another type is refused by name.
    public init(gguf header: GGUFHeader) throws(TokenizerError) {
        func value(_ key: String) -> GGUFValue? { header.metadata["tokenizer.ggml." + key] }
        func need<T>(_ key: String, _ read: (GGUFValue) -> T?) throws(TokenizerError) -> T {
            guard let result = value(key).flatMap(read) else { throw .badKey("tokenizer.ggml." + key) }
            return result
        }
        func token(_ key: String) throws(TokenizerError) -> TokenID? {
            guard let found = value(key) else { return nil }
            guard let id = found.integer.flatMap({ TokenID(exactly: $0) }) else {
                throw .badKey("tokenizer.ggml." + key)
            }
            return id
        }
        self.init(
            model: try need("model", \.text),
            preTokenizer: try need("pre", \.text),
            tokens: try need("tokens", \.texts),
            merges: try need("merges", \.texts),
            tokenTypes: try need("token_type", \.integers).map { Int32(clamping: $0) },
            beginToken: try token("bos_token_id"),
            endToken: try token("eos_token_id"),
            addsBeginToken: value("add_bos_token")?.flag ?? false,
            chatTemplate: header.metadata["tokenizer.chat_template"]?.text)
    }
}
