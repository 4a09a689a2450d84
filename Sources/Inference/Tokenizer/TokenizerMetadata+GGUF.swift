public import GGUF

extension TokenizerMetadata {
    /// Reads the `tokenizer.*` keys of a GGUF header; a key that is missing or of another type is refused by name.
    public init(gguf header: GGUFHeader) throws(TokenizerError) {
        let keys = TokenizerKeys(header: header)
        let model = try keys.need("model", \.text)
        let isSentencePiece = model == "llama"
        let preTokenizer = isSentencePiece ? nil : try keys.need("pre", \.text)
        self.init(
            model: model, preTokenizer: preTokenizer,
            tokens: try keys.need("tokens", \.texts),
            merges: isSentencePiece ? [] : try keys.need("merges", \.texts),
            tokenTypes: try keys.need("token_type", \.integers).map { Int32(clamping: $0) },
            beginToken: try keys.token("bos_token_id"),
            endToken: try keys.token("eos_token_id"),
            addsBeginToken: try keys.flag("add_bos_token") ?? Self.wantsBeginToken(model, preTokenizer),
            chatTemplate: header.metadata["tokenizer.chat_template"]?.text)
        if isSentencePiece { scores = try keys.need("scores", \.floats) }
        endOfTurnToken = try keys.token("eot_token_id")
        endOfMessageToken = try keys.token("eom_token_id")
        unknownToken = try keys.token("unknown_token_id")
        addsEndToken = try keys.flag("add_eos_token") ?? false
        addsSpacePrefix = try keys.flag("add_space_prefix") ?? isSentencePiece
        removesExtraWhiteSpace = try keys.flag("remove_extra_whitespaces") ?? false
        hasCharacterMap = keys["precompiled_charsmap"] != nil
        stripsAfterSpecial = isSentencePiece && header.metadata["general.architecture"]?.text == "phi3"
    }

    /// What files without `add_bos_token` mean.
    private static func wantsBeginToken(_ model: String, _ preTokenizer: String?) -> Bool {
        model == "llama" || ["llama-bpe", "llama3", "llama-v3", "tekken"].contains(preTokenizer)
    }
}

/// A header's keys `tokenizer.ggml.*`.
private struct TokenizerKeys {
    let header: GGUFHeader

    subscript(key: String) -> GGUFValue? { header.metadata["tokenizer.ggml." + key] }

    func need<T>(_ key: String, _ read: (GGUFValue) -> T?) throws(TokenizerError) -> T {
        guard let result = self[key].flatMap(read) else { throw .badKey("tokenizer.ggml." + key) }
        return result
    }

    func flag(_ key: String) throws(TokenizerError) -> Bool? {
        self[key] == nil ? nil : try need(key, \.flag)
    }

    func token(_ key: String) throws(TokenizerError) -> TokenID? {
        self[key] == nil ? nil : try need(key) { $0.integer.flatMap { TokenID(exactly: $0) } }
    }
}

extension GGUFValue {
    fileprivate var floats: [Float]? {
        if case .floatArray(let values) = self { values } else { nil }
    }
}
