/// SentencePiece's byte-pair encoding: of all neighbouring pieces that together are a normal token, over and over, those
/// of the token with the highest score, the leftmost of equals, become one.
///
/// Vocabularies write U+2581 for a space; here a token's bytes have the space, and so has the text.
struct SentencePieceEncoder: Sendable {
    private let vocabulary: Vocabulary
    private let scores: [Float]
    /// The token of each byte; empty when the vocabulary has none.
    private let byteTokens: [TokenID]
    /// For characters without a token, when there are no byte tokens.
    private let unknown: TokenID?
    private let addsSpacePrefix: Bool

    /// Reads `scores`, the byte tokens and `unknown_token_id`.
    init(_ metadata: TokenizerMetadata, _ vocabulary: Vocabulary) throws(TokenizerError) {
        guard metadata.scores.count == vocabulary.count else { throw .badScoreCount(metadata.scores.count) }
        if let bad = metadata.scores.firstIndex(where: { !$0.isFinite }) { throw .badScore(bad) }
        guard !metadata.removesExtraWhiteSpace else {
            throw .unsupportedValue(key: "tokenizer.ggml.remove_extra_whitespaces")
        }
        guard !metadata.hasCharacterMap else { throw .unsupportedValue(key: "tokenizer.ggml.precompiled_charsmap") }
        self.vocabulary = vocabulary
        scores = metadata.scores
        addsSpacePrefix = metadata.addsSpacePrefix
        byteTokens = try Self.byteTokens(vocabulary)
        unknown = metadata.unknownToken ?? vocabulary.tokens(.unknown).first
        guard !byteTokens.isEmpty || unknown != nil else { throw .badKey("tokenizer.ggml.unknown_token_id") }
    }

    /// All 256 or none.
    private static func byteTokens(_ vocabulary: Vocabulary) throws(TokenizerError) -> [TokenID] {
        let tokens = vocabulary.tokens(.byte)
        if tokens.isEmpty { return [] }
        var byBytes = [TokenID](repeating: -1, count: 256)
        for token in tokens {
            let byte = Int(vocabulary[token].first!)  // Decoded to exactly one.
            guard byBytes[byte] < 0 else { throw .badToken(Int(token)) }
            byBytes[byte] = token
        }
        if let missing = byBytes.firstIndex(of: -1) { throw .missingByteToken(UInt8(missing)) }
        return byBytes
    }

    /// The bytes of a token's text, by which a vocabulary is read.
    static func decode(_ text: String, _ kind: Vocabulary.Kind) -> [UInt8]? {
        switch kind {
        case .normal, .userDefined: unescape(text.utf8)
        case .byte: byte(text).map { [$0] }
        case .unknown, .control, .unused: Array(text.utf8)
        }
    }

    /// The UTF-8 of a text with a space for each U+2581.
    static func unescape(_ utf8: some Collection<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(utf8.count)
        for byte in utf8 {
            result.append(byte)
            if byte == 0x81, result.suffix(3) == [0xe2, 0x96, 0x81] {
                result.replaceSubrange((result.count - 3)..., with: [0x20])
            }
        }
        return result
    }

    /// The byte of `<0xHH>`.
    private static func byte(_ text: String) -> UInt8? {
        let text = Array(text.utf8)
        guard text.count == 6, text.starts(with: "<0x".utf8), text[5] == UInt8(ascii: ">") else { return nil }
        let digits = text[3...4].compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        return digits.count == 2 ? UInt8(digits[0] << 4 | digits[1]) : nil
    }

    /// Appends the tokens of a stretch of text without special tokens, with a space before it if the model wants one.
    func encode(_ utf8: ArraySlice<UInt8>, into tokens: inout [TokenID]) {
        guard !utf8.isEmpty else { return }
        var pieces = SentencePieces(addsSpacePrefix ? [0x20] + utf8 : utf8, vocabulary, scores)
        pieces.merge()
        var afterUnknown = false
        pieces.forEach { piece, token in
            if let token = token ?? vocabulary.normalToken(piece) {
                tokens.append(token)
            } else if !byteTokens.isEmpty {
                for byte in piece { tokens.append(byteTokens[Int(byte)]) }
            } else if let unknown {
                // A run of characters without tokens is one unknown token.
                if !afterUnknown { tokens.append(unknown) }
                afterUnknown = true
                return
            }
            afterUnknown = false
        }
    }
}

/// A stretch of text as a linked list of pieces, at first its characters.
private struct SentencePieces {
    private struct Candidate: Comparable {
        let score: Float
        let left: Int
        let length: Int
        let token: TokenID

        static func < (a: Candidate, b: Candidate) -> Bool {
            if a.score != b.score { return a.score > b.score }
            return a.left != b.left ? a.left < b.left : a.length < b.length
        }
    }

    private let text: [UInt8]
    private let vocabulary: Vocabulary
    private let scores: [Float]
    /// Where each piece begins.
    private var starts: [Int] = []
    private var lengths: [Int] = []
    private var previous: [Int] = []
    private var next: [Int] = []
    /// The token a piece was merged to; −1 for a character, −2 for what was merged into the piece before.
    private var tokens: [TokenID]
    private var candidates = MinimumHeap<Candidate>()

    init(_ utf8: ArraySlice<UInt8>, _ vocabulary: Vocabulary, _ scores: [Float]) {
        text = Array(utf8)
        self.vocabulary = vocabulary
        self.scores = scores
        for (index, byte) in text.enumerated() where byte & 0xc0 != 0x80 { starts.append(index) }
        let count = starts.count
        lengths = zip(starts.dropFirst() + [text.count], starts).map { $0 - $1 }
        previous = Array(-1..<(count - 1))
        next = Array(1...count)
        tokens = [TokenID](repeating: -1, count: count)
    }

    mutating func merge() {
        for left in tokens.indices { consider(left) }
        while let best = candidates.popMinimum() {
            let left = best.left
            let right = next[left]
            // Outdated when one of the two was merged meanwhile: then the lengths differ.
            guard tokens[left] != -2, right < tokens.count, lengths[left] + lengths[right] == best.length else {
                continue
            }
            lengths[left] = best.length
            tokens[left] = best.token
            tokens[right] = -2
            next[left] = next[right]
            if next[right] < tokens.count { previous[next[right]] = left }
            if previous[left] >= 0 { consider(previous[left]) }
            consider(left)
        }
    }

    /// Enters a piece and the next one as a candidate, if they are a token.
    private mutating func consider(_ left: Int) {
        let right = next[left]
        guard right < tokens.count else { return }
        let length = lengths[left] + lengths[right]
        guard let token = vocabulary.normalToken(text[starts[left]..<(starts[left] + length)]) else { return }
        candidates.insert(Candidate(score: scores[Int(token)], left: left, length: length, token: token))
    }

    func forEach(_ body: (ArraySlice<UInt8>, TokenID?) -> Void) {
        for index in tokens.indices where tokens[index] != -2 {
            let piece = text[starts[index]..<(starts[index] + lengths[index])]
            body(piece, tokens[index] >= 0 ? tokens[index] : nil)
        }
    }
}
