import GGUF
import Inference
import Testing

struct TokenizerTests {
    private func compare(_ tokenizer: Tokenizer, _ rows: [TokenizerVectors.Row]) {
        #expect(rows.count > 400)
        for row in rows {
            #expect(tokenizer.encode(row.text, parseSpecial: false) == row.ids, "\(row.text.debugDescription)")
            #expect(
                tokenizer.encode(row.text, parseSpecial: true) == row.special ?? row.ids,
                "\(row.text.debugDescription)")
        }
    }

    @Test func agreesWithAnIndependentImplementationOnASmallVocabulary() throws {
        let vectors = try TokenizerVectors.load("tokenizer-small")
        compare(try Tokenizer(metadata: vectors.metadata()), vectors.rows)
    }

    @Test(.enabled(if: TokenizerVectors.modelPath != nil, "the model was not fetched"))
    func agreesWithAnIndependentImplementationOnTheRealVocabulary() throws {
        let header = try GGUFFile(path: try #require(TokenizerVectors.modelPath)).header
        let metadata = try TokenizerMetadata(gguf: header)
        let tokenizer = try Tokenizer(metadata: metadata)
        #expect(tokenizer.vocabularySize == 49_152)
        #expect((tokenizer.beginToken, tokenizer.endToken) == (1, 2))
        #expect(!tokenizer.addsBeginToken)
        compare(tokenizer, try TokenizerVectors.load("tokenizer-smollm2").rows)
        _ = try ChatTemplate(metadata: metadata)
    }

    @Test func decodingGivesTheTextBack() throws {
        let vectors = try TokenizerVectors.load("tokenizer-small")
        let tokenizer = try Tokenizer(metadata: vectors.metadata())
        for row in vectors.rows where !row.text.utf8.contains(where: { $0 < 3 }) {
            #expect(Array(tokenizer.decode(row.ids).utf8) == Array(row.text.utf8))
        }
    }

    @Test func bytesWithoutATokenLeaveNoTrace() throws {
        let tokenizer = try Tokenizer(metadata: TokenizerVectors.load("tokenizer-small").metadata())
        #expect(tokenizer.encode("t\u{0}\u{1}\u{2}", parseSpecial: false) == tokenizer.encode("t", parseSpecial: false))
    }

    @Test func controlTokensHaveNoTextAndAreParsedOnlyWhenAsked() throws {
        let tokenizer = try Tokenizer(metadata: TokenizerVectors.load("tokenizer-small").metadata())
        #expect(tokenizer.encode("<|im_start|>", parseSpecial: true) == [1])
        #expect(tokenizer.encode("<|im_start|>", parseSpecial: false).allSatisfy { $0 > 2 })
        #expect(tokenizer.decode([1] + tokenizer.encode("a", parseSpecial: false) + [2]) == "a")
    }

    @Test func theLongestOfSpecialTokensAtTheLeftmostPlaceWins() throws {
        var metadata = try TokenizerVectors.load("tokenizer-small").metadata()
        let first = TokenID(metadata.tokens.count)
        metadata.tokens += ["<x", "<x>", "x>y"]
        metadata.tokenTypes += [4, 4, 4]
        let tokenizer = try Tokenizer(metadata: metadata)
        let y = tokenizer.encode("y", parseSpecial: false)
        #expect(tokenizer.encode("<x>y<x", parseSpecial: true) == [first + 1] + y + [first])
        #expect(tokenizer.encode("x>y", parseSpecial: true) == [first + 2])
        #expect(tokenizer.decode([first + 1]) == "<x>")
    }

    @Test func veryLongPiecesTakeNoQuadraticTime() throws {
        let tokenizer = try Tokenizer(metadata: TokenizerVectors.load("tokenizer-small").metadata())
        let text = String(repeating: "the", count: 200_000)
        let tokens = tokenizer.encode(text, parseSpecial: false)
        #expect(tokens.count < 600_000)
        #expect(tokenizer.decode(tokens) == text)
    }

    @Test func refusesMetadataItCannotHonour() throws {
        let good = try TokenizerVectors.load("tokenizer-small").metadata()
        func refuse(_ expected: TokenizerError, _ change: (inout TokenizerMetadata) -> Void) {
            var metadata = good
            change(&metadata)
            #expect(throws: expected) { try Tokenizer(metadata: metadata) }
            #expect(!expected.description.isEmpty)
        }
        refuse(.unsupportedModel("llama")) { $0.model = "llama" }
        refuse(.unsupportedPreTokenizer("qwen2")) { $0.preTokenizer = "qwen2" }
        refuse(.badCounts(tokens: good.tokens.count, types: 1)) { $0.tokenTypes = [1] }
        refuse(.badCounts(tokens: 0, types: 0)) { ($0.tokens, $0.tokenTypes) = ([], []) }
        refuse(.badToken(7)) { $0.tokens[7] = "a b" }
        refuse(.badToken(8)) { $0.tokens[8] = $0.tokens[7] }
        refuse(.badToken(9)) { $0.tokens[9] = "" }
        refuse(.badMerge(0)) { $0.merges[0] = "ab" }
        refuse(.badMerge(1)) { $0.merges[1] = "q q q" }
        refuse(.badMerge(2)) { $0.merges[2] = "! ÿ" }
        refuse(.badSpecialToken(key: "bos_token_id")) { $0.beginToken = 1 << 20 }
        refuse(.badSpecialToken(key: "eos_token_id")) { $0.endToken = -1 }
    }
}
