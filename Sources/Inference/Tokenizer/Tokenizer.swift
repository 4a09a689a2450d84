/// Turns text into token ids and back: byte-level byte-pair encoding with the `smollm` pre-tokenizer.
///
/// A function of the file's metadata and of Unicode tables kept here, never of the platform. Time is O(n log n).
public struct Tokenizer: Sendable {
    /// Token kinds, as GGUF numbers them, that are written literally and never produced by merging.
    private enum Kind {
        static let control: Int32 = 3
        static let userDefined: Int32 = 4
        static let normal: Int32 = 1
    }

    private static let largestVocabulary = 1 << 20

    /// The number of tokens.
    public let vocabularySize: Int
    /// The token that begins a text, if the model has one.
    public let beginToken: TokenID?
    /// The token with which the model ends its answer, if it has one.
    public let endToken: TokenID?
    /// Whether the model wants ``beginToken`` before a text without a chat template.
    public let addsBeginToken: Bool

    let specialTokens: SpecialTokens
    private let merger: BytePairMerger
    /// The token of each single byte; −1 for a byte the vocabulary lacks.
    private let byteTokens: [TokenID]
    /// The tokens' bytes one after the other, token t from offsets[t] to offsets[t + 1].
    private let bytes: [UInt8]
    private let offsets: [Int]
    private let control: Set<TokenID>

    /// Checks the metadata and builds the tables.
    public init(metadata: TokenizerMetadata) throws(TokenizerError) {
        guard metadata.model == "gpt2" else { throw .unsupportedModel(metadata.model) }
        guard metadata.preTokenizer == "smollm" else { throw .unsupportedPreTokenizer(metadata.preTokenizer) }
        let count = metadata.tokens.count
        guard count == metadata.tokenTypes.count, (1...Self.largestVocabulary).contains(count) else {
            throw .badCounts(tokens: count, types: metadata.tokenTypes.count)
        }
        vocabularySize = count
        for (key, token) in [("bos_token_id", metadata.beginToken), ("eos_token_id", metadata.endToken)] {
            if let token, !(0..<TokenID(count)).contains(token) { throw .badSpecialToken(key: key) }
        }
        beginToken = metadata.beginToken
        endToken = metadata.endToken
        addsBeginToken = metadata.addsBeginToken

        var vocabulary: [[UInt8]: TokenID] = [:]
        var special = SpecialTokens()
        var control: Set<TokenID> = []
        var bytes: [UInt8] = []
        var offsets = [0]
        var byteTokens = [TokenID](repeating: -1, count: 256)
        for (index, text) in metadata.tokens.enumerated() {
            let token = TokenID(index)
            var piece = Array(text.utf8)
            switch metadata.tokenTypes[index] {
            case Kind.normal:
                guard let decoded = ByteAlphabet.decode(text), !decoded.isEmpty,
                    vocabulary.updateValue(token, forKey: decoded) == nil
                else { throw .badToken(index) }
                piece = decoded
                if piece.count == 1 { byteTokens[Int(piece[0])] = token }
            case Kind.control:
                special.insert(piece, token)
                control.insert(token)
            case Kind.userDefined: special.insert(piece, token)
            default: control.insert(token)  // Unknown and unused: never produced, no text.
            }
            bytes += piece
            offsets.append(bytes.count)
        }
        specialTokens = special
        self.control = control
        self.bytes = bytes
        self.offsets = offsets
        self.byteTokens = byteTokens
        merger = BytePairMerger(merges: try Self.resolve(metadata.merges, vocabulary))
    }

    private static func resolve(
        _ merges: [String], _ vocabulary: [[UInt8]: TokenID]
    ) throws(TokenizerError) -> [UInt64: UInt64] {
        var resolved = [UInt64: UInt64](minimumCapacity: merges.count)
        for (rank, merge) in merges.enumerated() {
            let parts = merge.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 2, rank <= Int(UInt32.max), let left = ByteAlphabet.decode(Substring(parts[0])),
                let right = ByteAlphabet.decode(Substring(parts[1])),
                let leftToken = vocabulary[left], let rightToken = vocabulary[right],
                let result = vocabulary[left + right]
            else { throw .badMerge(rank) }
            let pair = BytePairMerger.pair(leftToken, rightToken)
            // Of equal merges the first, with the lowest rank, counts.
            if resolved[pair] == nil { resolved[pair] = UInt64(rank) << 32 | UInt64(result) }
        }
        return resolved
    }

    /// The token ids of a text, without any begin or end token.
    ///
    /// - Parameter parseSpecial: Whether the texts of control and user-defined tokens in `text` become these tokens.
    ///   Only for text one wrote oneself: with a user's text it would hand over the model's controls.
    public func encode(_ text: String, parseSpecial: Bool) -> [TokenID] {
        var tokens: [TokenID] = []
        let utf8 = Array(text.utf8)
        if parseSpecial {
            specialTokens.split(utf8) {
                encode(plain: $0, into: &tokens)
            } special: {
                tokens.append($0)
            }
        } else {
            encode(plain: utf8[...], into: &tokens)
        }
        return tokens
    }

    private func encode(plain utf8: ArraySlice<UInt8>, into tokens: inout [TokenID]) {
        SmolLMPreTokenizer(utf8).forEachPiece { piece in
            // A byte without a token leaves no trace, and its neighbours may merge.
            let start = piece.map { byteTokens[Int($0)] }.filter { $0 >= 0 }
            tokens += merger.merge(start)
        }
    }

    /// The bytes a token stands for; none for control tokens.
    public func bytes(of token: TokenID) -> ArraySlice<UInt8> {
        precondition((0..<TokenID(vocabularySize)).contains(token), "no such token")
        if control.contains(token) { return [] }
        return bytes[offsets[Int(token)]..<offsets[Int(token) + 1]]
    }

    /// The text of tokens. Control tokens have none; each ill-formed part of the bytes becomes U+FFFD.
    public func decode(_ tokens: some Sequence<TokenID>) -> String {
        var all: [UInt8] = []
        for token in tokens { all += bytes(of: token) }
        return String(decoding: all, as: UTF8.self)
    }
}
