import GGUF
import Inference
import Testing

struct SentencePieceTests {
    private struct Vectors: Decodable {
        let plain: TokenizerVectors
        let user: TokenizerVectors
        let unknown: TokenizerVectors
        let phi3: [TokenizerVectors.Row]
    }

    private func vectors() throws -> Vectors {
        try TokenizerVectors.load("tokenizer-sentencepiece", as: Vectors.self)
    }

    @Test func agreesWithSentencePieceWithByteFallback() throws {
        let vectors = try vectors().plain
        vectors.expect(from: try Tokenizer(metadata: vectors.metadata()), special: false)
    }

    @Test func agreesWithSentencePieceWithUserDefinedTokens() throws {
        let vectors = try vectors().user
        vectors.expect(from: try Tokenizer(metadata: vectors.metadata()), special: false)
    }

    @Test func agreesWithSentencePieceWithoutByteTokens() throws {
        let vectors = try vectors().unknown
        vectors.expect(from: try Tokenizer(metadata: vectors.metadata()), special: false)
    }

    @Test func whiteSpaceBehindSpecialTokensIsLeftOutWherePhi3LeavesItOut() throws {
        let vectors = try vectors()
        var metadata = try vectors.plain.metadata()
        metadata.stripsAfterSpecial = true
        let tokenizer = try Tokenizer(metadata: metadata)
        #expect(vectors.phi3.contains { $0.special != nil })
        for row in vectors.phi3 {
            let expected = row.special ?? row.ids
            #expect(tokenizer.encode(row.text, parseSpecial: true) == expected, "\(row.text.debugDescription)")
        }
    }

    @Test(.enabled(if: FetchedModel.gemma3 != nil, "the model was not fetched"))
    func agreesWithSentencePieceOnGemma3() throws {
        let header = try GGUFFile(path: try #require(FetchedModel.gemma3)).header
        let tokenizer = try Tokenizer(metadata: try TokenizerMetadata(gguf: header))
        #expect(tokenizer.vocabularySize == 262_144)
        #expect((tokenizer.beginToken, tokenizer.endToken) == (2, 1))
        #expect(tokenizer.stopTokens == [1, 106])
        #expect(tokenizer.addsBeginToken && !tokenizer.addsSpacePrefix)
        let vectors = try TokenizerVectors.load("tokenizer-gemma3")
        vectors.expect(from: tokenizer)
        for row in vectors.rows where !row.text.contains("▁") {
            #expect(Array(tokenizer.decode(row.ids).utf8) == Array(row.text.utf8))
        }
    }

    @Test func theSpaceBeforeATextComesAndGoes() throws {
        let vectors = try vectors().plain
        let tokenizer = try Tokenizer(metadata: vectors.metadata())
        for row in vectors.rows where !row.text.contains("▁") {
            var decoder = StreamingDecoder(tokenizer)
            let streamed = row.ids.reduce(into: "") { $0 += decoder.append($1) } + decoder.finish()
            #expect(Array(tokenizer.decode(row.ids).utf8) == Array(row.text.utf8), "\(row.text.debugDescription)")
            #expect(Array(streamed.utf8) == Array(row.text.utf8), "\(row.text.debugDescription)")
        }
        // Only one, and only at the beginning.
        #expect(tokenizer.decode(tokenizer.encode("  a b", parseSpecial: false)) == "  a b")
        #expect(tokenizer.encode("", parseSpecial: false) == [])
    }

    /// The leftmost of equals first.
    @Test func theHighestScoreMergesFirst() throws {
        func tokens(_ text: String, scores: [String: Float]) throws -> [String] {
            let names = ["<unk>", "a", "b", "c", "d"] + scores.keys.sorted()
            var metadata = TokenizerMetadata(
                model: "llama", tokens: names, tokenTypes: names.map { $0 == "<unk>" ? 2 : 1 })
            metadata.scores = names.map { scores[$0] ?? -100 }
            return try Tokenizer(metadata: metadata).encode(text, parseSpecial: false).map { names[Int($0)] }
        }
        #expect(try tokens("abc", scores: ["ab": -1, "bc": -2]) == ["ab", "c"])
        #expect(try tokens("abc", scores: ["ab": -2, "bc": -1]) == ["a", "bc"])
        #expect(try tokens("abc", scores: ["ab": -1, "bc": -1]) == ["ab", "c"])
        #expect(try tokens("abcd", scores: ["bc": -1, "abcd": -2, "ab": -3, "cd": -3]) == ["a", "bc", "d"])
        #expect(try tokens("aaaa", scores: ["aa": -1, "aaa": 0]) == ["aaa", "a"])
        #expect(try tokens("axxb", scores: ["ab": 0]) == ["a", "<unk>", "b"])
    }

    @Test func refusesMetadataItCannotHonour() throws {
        let good = try vectors().plain.metadata()
        func refuse(_ expected: TokenizerError, _ change: (inout TokenizerMetadata) -> Void) {
            var metadata = good
            change(&metadata)
            #expect(throws: expected) { try Tokenizer(metadata: metadata) }
            #expect(!expected.description.isEmpty)
        }
        let byte = try #require(good.tokenTypes.firstIndex(of: 6))
        let normal = try #require(good.tokenTypes.lastIndex(of: 1))
        refuse(.badScoreCount(1)) { $0.scores = [1] }
        refuse(.badScore(4)) { $0.scores[4] = .nan }
        refuse(.badScore(5)) { $0.scores[5] = .infinity }
        refuse(.badToken(byte)) { $0.tokens[byte] = "<0x-0>" }
        refuse(.badToken(byte)) { $0.tokens[byte] = "<0x000>" }
        refuse(.badToken(byte + 1)) { $0.tokens[byte + 1] = $0.tokens[byte] }
        refuse(.missingByteToken(0)) { $0.tokenTypes[byte] = 5 }
        refuse(.badToken(normal)) { $0.tokens[normal] = $0.tokens[normal - 1] }
        refuse(.badToken(normal)) { $0.tokens[normal] = "" }
        refuse(.badToken(normal)) { $0.tokens[normal] = String(repeating: "a", count: 4097) }
        refuse(.badTokenType(3)) { $0.tokenTypes[3] = 7 }
        refuse(.badTokenType(3)) { $0.tokenTypes[3] = -1 }
        refuse(.badSpecialToken(key: "unknown_token_id")) { $0.unknownToken = TokenID(good.tokens.count) }
        refuse(.unsupportedValue(key: "tokenizer.ggml.remove_extra_whitespaces")) { $0.removesExtraWhiteSpace = true }
        refuse(.unsupportedValue(key: "tokenizer.ggml.precompiled_charsmap")) { $0.hasCharacterMap = true }
        refuse(.badKey("tokenizer.ggml.unknown_token_id")) {
            $0.tokenTypes = $0.tokenTypes.map { $0 == 6 || $0 == 2 ? 5 : $0 }
        }
    }
}
