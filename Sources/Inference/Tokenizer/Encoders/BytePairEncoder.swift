/// Byte-level byte-pair encoding: text is cut into pieces, and within a piece the tokens of its bytes are merged.
struct BytePairEncoder: Sendable {
    private let vocabulary: Vocabulary
    private let preTokenizer: PreTokenizer
    private let merger: BytePairMerger
    /// Whether a piece that is a token is taken as it is, whatever merging would give.
    private let takesWholePieces: Bool
    /// The token of each single byte; −1 for a byte the vocabulary lacks.
    private let byteTokens: [TokenID]

    /// Reads `pre` and `merges`.
    init(_ metadata: TokenizerMetadata, _ vocabulary: Vocabulary) throws(TokenizerError) {
        guard let name = metadata.preTokenizer else { throw .badKey("tokenizer.ggml.pre") }
        guard let preTokenizer = PreTokenizer(named: name) else { throw .unsupportedPreTokenizer(name) }
        guard !metadata.addsSpacePrefix else { throw .unsupportedValue(key: "tokenizer.ggml.add_space_prefix") }
        self.vocabulary = vocabulary
        self.preTokenizer = preTokenizer
        takesWholePieces = Self.takesWholePieces(name)
        byteTokens = (0...255).map { vocabulary.normalToken([$0]) ?? -1 }
        merger = BytePairMerger(merges: try Self.resolve(metadata.merges, vocabulary))
    }

    /// What `tokenizer.json` calls `ignore_merges`, which GGUF files leave to the name.
    private static func takesWholePieces(_ name: String) -> Bool {
        ["llama-bpe", "llama3", "llama-v3", "tekken"].contains(name)
    }

    /// The bytes of a token's text, by which a vocabulary is read.
    static func decode(_ text: String, _ kind: Vocabulary.Kind) -> [UInt8]? {
        switch kind {
        case .normal: ByteAlphabet.decode(text)
        case .byte: nil  // Every byte is a normal token.
        case .unknown, .control, .userDefined, .unused: Array(text.utf8)
        }
    }

    private static func resolve(
        _ merges: [String], _ vocabulary: Vocabulary
    ) throws(TokenizerError) -> [UInt64: UInt64] {
        var resolved = [UInt64: UInt64](minimumCapacity: merges.count)
        for (rank, merge) in merges.enumerated() {
            guard rank <= Int(UInt32.max), let (bytes, leftCount) = ByteAlphabet.decode(merge: merge),
                let left = vocabulary.normalToken(bytes[..<leftCount]),
                let right = vocabulary.normalToken(bytes[leftCount...]), let result = vocabulary.normalToken(bytes[...])
            else { throw .badMerge(rank) }
            let pair = BytePairMerger.pair(left, right)
            // Of equal merges the first, with the lowest rank, counts.
            if resolved[pair] == nil { resolved[pair] = UInt64(rank) << 32 | UInt64(result) }
        }
        return resolved
    }

    /// Appends the tokens of a stretch of text without special tokens.
    func encode(_ utf8: ArraySlice<UInt8>, into tokens: inout [TokenID]) {
        preTokenizer.forEachPiece(utf8) { piece in
            if takesWholePieces, let token = vocabulary.normalToken(piece) {
                tokens.append(token)
                return
            }
            // A byte without a token leaves no trace, and its neighbours may merge.
            tokens += merger.merge(piece.map { byteTokens[Int($0)] }.filter { $0 >= 0 })
        }
    }
}
