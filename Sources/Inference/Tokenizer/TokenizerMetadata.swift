/// What a GGUF file says about its tokenizer: the keys `tokenizer.ggml.*`.
public struct TokenizerMetadata: Sendable {
    /// `model`: `gpt2` means byte-level byte-pair encoding.
    public var model: String
    /// `pre`: the pre-tokenizer's name.
    public var preTokenizer: String
    /// `tokens`: the text of each token, bytes in GPT-2's printable disguise.
    public var tokens: [String]
    /// `merges`: `left right`, the first with the lowest rank.
    public var merges: [String]
    /// `token_type`: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte; as long as `tokens`.
    public var tokenTypes: [Int32]
    /// `bos_token_id`
    public var beginToken: TokenID?
    /// `eos_token_id`
    public var endToken: TokenID?
    /// `add_bos_token`
    public var addsBeginToken: Bool
    /// `chat_template`: Jinja.
    public var chatTemplate: String?

    /// Takes the values as they are.
    public init(
        model: String, preTokenizer: String, tokens: [String], merges: [String], tokenTypes: [Int32],
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
}

/// Why a tokenizer was refused.
public enum TokenizerError: Error, Hashable, CustomStringConvertible {
    /// A key of the file's metadata is missing or has the wrong type.
    case badKey(String)
    /// `tokenizer.ggml.model` names a kind this tokenizer does not know.
    case unsupportedModel(String)
    /// `tokenizer.ggml.pre` names rules this tokenizer does not know.
    case unsupportedPreTokenizer(String)
    /// `token_type` and `tokens` differ in length, or there are no tokens, or too many.
    case badCounts(tokens: Int, types: Int)
    /// A normal token's text has a character that stands for no byte, or is empty, or is there twice.
    case badToken(Int)
    /// A merge is not two tokens and a blank between them that together are a token.
    case badMerge(Int)
    /// A special token's id is outside the vocabulary.
    case badSpecialToken(key: String)

    /// A sentence that names the field.
    public var description: String {
        switch self {
        case .badKey(let key): "\(key) is missing or has the wrong type"
        case .unsupportedModel(let name): "tokenizer.ggml.model \(name.debugDescription) is not supported"
        case .unsupportedPreTokenizer(let name): "tokenizer.ggml.pre \(name.debugDescription) is not supported"
        case .badCounts(let tokens, let types):
            "tokenizer.ggml.tokens has \(tokens) entries, token_type \(types); they must be equal and 1 to 1048576"
        case .badToken(let index):
            "tokenizer.ggml.tokens[\(index)] is not the text of a byte-level token, or a repetition"
        case .badMerge(let index): "tokenizer.ggml.merges[\(index)] does not join two tokens into a token"
        case .badSpecialToken(let key): "tokenizer.ggml.\(key) is outside the vocabulary"
        }
    }
}
