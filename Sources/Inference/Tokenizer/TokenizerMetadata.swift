/// What a GGUF file says about its tokenizer: the keys `tokenizer.ggml.*`.
public struct TokenizerMetadata: Sendable {
    /// `model`: `gpt2` means byte-level byte-pair encoding, `llama` SentencePiece's.
    public var model: String
    /// `pre`: the pre-tokenizer's name; of no meaning to `llama`.
    public var preTokenizer: String?
    /// `tokens`: the text of each token; for `gpt2` bytes in GPT-2's printable disguise.
    public var tokens: [String]
    /// `merges`: `left right`, the first with the lowest rank; for `gpt2`.
    public var merges: [String]
    /// `scores`: those of merges to each token, as long as `tokens`; for `llama`.
    public var scores: [Float] = []
    /// `token_type`: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte; as long as `tokens`.
    public var tokenTypes: [Int32]
    /// `bos_token_id`
    public var beginToken: TokenID?
    /// `eos_token_id`
    public var endToken: TokenID?
    /// `eot_token_id`
    public var endOfTurnToken: TokenID?
    /// `eom_token_id`
    public var endOfMessageToken: TokenID?
    /// `unknown_token_id`
    public var unknownToken: TokenID?
    /// `add_bos_token`
    public var addsBeginToken: Bool
    /// `add_eos_token`
    public var addsEndToken = false
    /// `add_space_prefix`
    public var addsSpacePrefix = false
    /// `remove_extra_whitespaces`
    public var removesExtraWhiteSpace = false
    /// Whether there is a `precompiled_charsmap`: rules that normalise text.
    public var hasCharacterMap = false
    /// Whether white space behind special tokens is left out. No key says so; the family's `tokenizer.json` does.
    public var stripsAfterSpecial = false
    /// `chat_template`: Jinja.
    public var chatTemplate: String?

    /// Takes the values as they are.
    public init(
        model: String, preTokenizer: String? = nil, tokens: [String], merges: [String] = [], tokenTypes: [Int32],
        beginToken: TokenID? = nil, endToken: TokenID? = nil, addsBeginToken: Bool = false,
        chatTemplate: String? = nil
    ) {
        self.model = model
        self.preTokenizer = preTokenizer
        self.tokens = tokens
        self.merges = merges
        self.tokenTypes = tokenTypes
        self.beginToken = beginToken
        self.endToken = endToken
        self.addsBeginToken = addsBeginToken
        self.chatTemplate = chatTemplate
    }

    /// The tokens that keys name, which must be in the vocabulary.
    var namedTokens: [(key: String, token: TokenID?)] {
        [
            ("bos_token_id", beginToken), ("eos_token_id", endToken), ("eot_token_id", endOfTurnToken),
            ("eom_token_id", endOfMessageToken), ("unknown_token_id", unknownToken),
        ]
    }
}

/// Why a tokenizer was refused.
public enum TokenizerError: Error, Hashable, CustomStringConvertible {
    /// A key of the file's metadata is missing or has the wrong type.
    case badKey(String)
    /// A key of the file's metadata asks for something this tokenizer does not do.
    case unsupportedValue(key: String)
    /// `tokenizer.ggml.model` names a kind this tokenizer does not know.
    case unsupportedModel(String)
    /// `tokenizer.ggml.pre` names rules this tokenizer does not know.
    case unsupportedPreTokenizer(String)
    /// `token_type` and `tokens` differ in length, or there are no tokens, or too many.
    case badCounts(tokens: Int, types: Int)
    /// A token's type is none that GGUF has.
    case badTokenType(Int)
    /// A token's text is too long; a normal token's is empty, there twice, or has a character that stands for no byte; a
    /// byte token's is not `<0x00>` … `<0xFF>` or there twice.
    case badToken(Int)
    /// The vocabulary has byte tokens, but none for this byte.
    case missingByteToken(UInt8)
    /// `scores` and `tokens` differ in length.
    case badScoreCount(Int)
    /// A score is not a finite number.
    case badScore(Int)
    /// A merge is not two tokens and a blank between them that together are a token.
    case badMerge(Int)
    /// A special token's id is outside the vocabulary.
    case badSpecialToken(key: String)

    /// A sentence that names the field.
    public var description: String {
        switch self {
        case .badKey(let key): "\(key) is missing or has the wrong type"
        case .unsupportedValue(let key): "what \(key) asks for is not supported"
        case .unsupportedModel(let name): "tokenizer.ggml.model \(name.debugDescription) is not supported"
        case .unsupportedPreTokenizer(let name): "tokenizer.ggml.pre \(name.debugDescription) is not supported"
        case .badCounts(let tokens, let types):
            "tokenizer.ggml.tokens has \(tokens) entries, token_type \(types); they must be equal and 1 to 1048576"
        case .badTokenType(let index): "tokenizer.ggml.token_type[\(index)] is not 0 to 6"
        case .badToken(let index):
            "tokenizer.ggml.tokens[\(index)] is not a text its type allows, longer than 4096 bytes, or a repetition"
        case .missingByteToken(let byte): "tokenizer.ggml.tokens has byte tokens, but none for \(byte)"
        case .badScoreCount(let count): "tokenizer.ggml.scores has \(count) entries, not as many as tokens"
        case .badScore(let index): "tokenizer.ggml.scores[\(index)] is not a finite number"
        case .badMerge(let index): "tokenizer.ggml.merges[\(index)] does not join two tokens into a token"
        case .badSpecialToken(let key): "tokenizer.ggml.\(key) is outside the vocabulary"
        }
    }
}
