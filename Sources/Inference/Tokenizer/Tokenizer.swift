/// Turns text into token ids and back.
///
/// A function of the file's metadata and of Unicode tables kept here, never of the platform. Time is O(n log n).
public struct Tokenizer: Sendable {
    private enum Encoder {
        case bytePairs(BytePairEncoder)
        case sentencePieces(SentencePieceEncoder)
    }

    /// The number of tokens.
    public var vocabularySize: Int { vocabulary.count }
    /// The token that begins a text, if the model has one.
    public let beginToken: TokenID?
    /// The token that ends a text, if the model has one.
    public let endToken: TokenID?
    /// All tokens with which the model ends its answer: ``endToken``, and those of turns and messages.
    public let stopTokens: Set<TokenID>
    /// Whether the model wants ``beginToken`` before a text without a chat template.
    public let addsBeginToken: Bool
    /// Whether the model wants ``endToken`` behind a text without a chat template.
    public let addsEndToken: Bool
    /// Whether a stretch of text gets a space before it when it is encoded.
    public let addsSpacePrefix: Bool

    let specialTokens: SpecialTokens
    private let vocabulary: Vocabulary
    private let encoder: Encoder
    private let strippingTokens: Set<TokenID>

    /// Checks the metadata and builds the tables.
    public init(metadata: TokenizerMetadata) throws(TokenizerError) {
        switch metadata.model {
        case "gpt2":
            vocabulary = try Vocabulary(metadata, decode: BytePairEncoder.decode)
            encoder = .bytePairs(try BytePairEncoder(metadata, vocabulary))
        case "llama":
            vocabulary = try Vocabulary(metadata, decode: SentencePieceEncoder.decode)
            encoder = .sentencePieces(try SentencePieceEncoder(metadata, vocabulary))
        default: throw .unsupportedModel(metadata.model)
        }
        for (key, token) in metadata.namedTokens {
            if let token, !vocabulary.contains(token) { throw .badSpecialToken(key: key) }
        }
        beginToken = metadata.beginToken
        endToken = metadata.endToken
        addsBeginToken = metadata.addsBeginToken
        addsEndToken = metadata.addsEndToken
        addsSpacePrefix = metadata.addsSpacePrefix
        guard !addsBeginToken || beginToken != nil else { throw .badKey("tokenizer.ggml.bos_token_id") }
        guard !addsEndToken || endToken != nil else { throw .badKey("tokenizer.ggml.eos_token_id") }
        specialTokens = SpecialTokens(vocabulary)
        stopTokens = Self.stopTokens(metadata, specialTokens)
        strippingTokens = metadata.stripsAfterSpecial ? Self.strippingTokens(vocabulary) : []
    }

    /// Files seldom name all tokens that end an answer, so the usual ones count wherever they are special.
    private static func stopTokens(_ metadata: TokenizerMetadata, _ special: SpecialTokens) -> Set<TokenID> {
        let usual = [
            "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|end|>", "<end_of_turn>",
        ]
        let named = [metadata.endToken, metadata.endOfTurnToken, metadata.endOfMessageToken]
        return Set(named.compactMap(\.self) + usual.compactMap { special.token(of: $0) })
    }

    /// The special tokens of Phi 3 behind which white space is left out.
    private static func strippingTokens(_ vocabulary: Vocabulary) -> Set<TokenID> {
        let exceptions = ["<unk>", "<s>", "<|endoftext|>"].map { Array($0.utf8) }
        let special = vocabulary.tokens(.control, .unknown, .userDefined)
        return Set(special.filter { token in !exceptions.contains { vocabulary[token] == $0[...] } })
    }

    /// The token ids of a text, without any begin or end token.
    ///
    /// - Parameter parseSpecial: Whether the texts of control tokens in `text` become these tokens. Only for text one
    ///   wrote oneself: with a user's text it would hand over the model's controls. User-defined tokens are found in
    ///   any text.
    public func encode(_ text: String, parseSpecial: Bool) -> [TokenID] {
        encode(MarkedText(text, isTrusted: parseSpecial))
    }

    /// The token ids of a text of which only the trusted parts may contain control tokens: one is found only where all
    /// of its text is trusted. Other tokens may reach from one part into the next.
    public func encode(_ text: MarkedText) -> [TokenID] {
        let text = PromptText(text) { utf8 in
            switch encoder {
            case .bytePairs: Array(utf8)
            case .sentencePieces: SentencePieceEncoder.unescape(utf8)
            }
        }
        var tokens: [TokenID] = []
        text.split(specialTokens) {
            encode(plain: $0, into: &tokens)
        } special: {
            tokens.append($0)
        } skip: { token, end in
            guard strippingTokens.contains(token) else { return end }
            return TextScanner(text.utf8[...]).run(end, of: .whiteSpace) ?? end
        }
        return tokens
    }

    private func encode(plain utf8: ArraySlice<UInt8>, into tokens: inout [TokenID]) {
        switch encoder {
        case .bytePairs(let encoder): encoder.encode(utf8, into: &tokens)
        case .sentencePieces(let encoder): encoder.encode(utf8, into: &tokens)
        }
    }

    /// The token ids of a text as a model without a chat template reads it, with the begin and end tokens it wants.
    public func encodeDocument(_ text: String) -> [TokenID] {
        // Both are there if they are wanted.
        (addsBeginToken ? [beginToken!] : []) + encode(text, parseSpecial: false) + (addsEndToken ? [endToken!] : [])
    }

    /// The bytes a token stands for; none for control, unknown and unused tokens.
    public func bytes(of token: TokenID) -> ArraySlice<UInt8> {
        precondition(vocabulary.contains(token), "no such token")
        return switch vocabulary.kind(token) {
        case .normal, .userDefined, .byte: vocabulary[token]
        case .unknown, .control, .unused: []
        }
    }

    /// The text of tokens. Control tokens have none; each ill-formed part of the bytes becomes U+FFFD.
    public func decode(_ tokens: some Sequence<TokenID>) -> String {
        var bytes = TokenBytes(self)
        var all: [UInt8] = []
        for token in tokens { all += bytes.next(token) }
        return String(decoding: all, as: UTF8.self)
    }
}
