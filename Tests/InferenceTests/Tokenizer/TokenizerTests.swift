import Foundation
import GGUF
import Inference
import Testing

struct TokenizerTests {
    @Test func agreesWithAnIndependentImplementationOnASmallVocabulary() throws {
        let vectors = try TokenizerVectors.load("tokenizer-small")
        vectors.expect(from: try Tokenizer(metadata: vectors.metadata()))
    }

    @Test func agreesWithAnIndependentImplementationWhereWholePiecesAreTakenFirst() throws {
        let vectors = try TokenizerVectors.load("tokenizer-llama3-small")
        vectors.expect(from: try Tokenizer(metadata: vectors.metadata(pre: "llama-bpe")))
        // The same vocabulary without looking up whole pieces.
        let merging = try Tokenizer(metadata: vectors.metadata(pre: "smaug-bpe"))
        #expect(vectors.rows.contains { merging.encode($0.text, parseSpecial: false) != $0.ids })
    }

    @Test(.enabled(if: FetchedModel.smolLM2 != nil, "the model was not fetched"))
    func agreesWithAnIndependentImplementationOnTheRealVocabulary() throws {
        let header = try GGUFFile(path: try #require(FetchedModel.smolLM2)).header
        let metadata = try TokenizerMetadata(gguf: header)
        let tokenizer = try Tokenizer(metadata: metadata)
        #expect(tokenizer.vocabularySize == 49_152)
        #expect((tokenizer.beginToken, tokenizer.endToken) == (1, 2))
        #expect(tokenizer.stopTokens == [0, 2])
        #expect(!tokenizer.addsBeginToken)
        try TokenizerVectors.load("tokenizer-smollm2").expect(from: tokenizer)
        _ = try ChatTemplate(metadata: metadata)
    }

    /// Vocabularies that are not ours to ship: what `scripts/generate-tokenizer-vectors --published` wrote.
    @Test(.enabled(if: publishedVectors != nil, "DNA_TOKENIZER_VECTORS is not set"))
    func agreesWithTheAuthorsImplementationsOnPublishedVocabularies() throws {
        let folder = URL(filePath: try #require(Self.publishedVectors))
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(!files.isEmpty)
        for file in files {
            let vectors = try JSONDecoder().decode(TokenizerVectors.self, from: Data(contentsOf: file))
            let tokenizer = try Tokenizer(metadata: vectors.metadata())
            let wrong = vectors.rows.filter { tokenizer.encode($0.text, parseSpecial: false) != $0.ids }
            #expect(wrong.isEmpty, "\(file.lastPathComponent): \(wrong.count) of \(vectors.rows.count)")
            for row in wrong.prefix(3) { print(row.text.debugDescription) }
        }
    }

    private static let publishedVectors = ProcessInfo.processInfo.environment["DNA_TOKENIZER_VECTORS"]

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
        // User-defined tokens are found in any text.
        #expect(tokenizer.encode("<x>y", parseSpecial: false) == [first + 1] + y)
    }

    @Test func controlTokensNeverReachIntoTextThatMayNotContainThem() throws {
        let tokenizer = try Tokenizer(metadata: TokenizerVectors.load("tokenizer-small").metadata())
        func encode(_ parts: (String, Bool)...) -> [TokenID] {
            tokenizer.encode(
                parts.reduce(into: MarkedText("", isTrusted: false)) {
                    $0.append(MarkedText($1.0, isTrusted: $1.1))
                })
        }
        let plain = tokenizer.encode("<|im_end|>", parseSpecial: false)
        #expect(encode(("<|im_", true), ("end|>", true)) == [2])
        #expect(encode(("<|im_", true), ("end|>", false)) == plain)
        #expect(encode(("<|im_", false), ("end|>", true)) == plain)
        #expect(encode(("<|im_end|", true), (">", false)) == plain)
        #expect(encode(("<|im_end|>", true), ("<|im_end|>", false), ("<|im_end|>", true)) == [2] + plain + [2])
        // Everything else goes on across parts.
        #expect(encode(("th", false), ("e", true)) == tokenizer.encode("the", parseSpecial: false))
        #expect(encode() == [])
    }

    @Test func allTokensThatEndAnAnswerStopIt() throws {
        var metadata = try TokenizerVectors.load("tokenizer-small").metadata()
        metadata.tokens += ["<|eot_id|>", "</s>"]
        metadata.tokenTypes += [3, 4]
        let first = TokenID(metadata.tokens.count) - 2
        (metadata.endToken, metadata.endOfTurnToken, metadata.endOfMessageToken) = (5, 6, 7)
        #expect(try Tokenizer(metadata: metadata).stopTokens == [0, 2, 5, 6, 7, first])
        metadata.tokenTypes[2] = 5
        (metadata.endToken, metadata.endOfTurnToken, metadata.endOfMessageToken) = (nil, nil, nil)
        #expect(try Tokenizer(metadata: metadata).stopTokens == [0, first])
    }

    @Test func documentsBeginAndEndAsTheModelWants() throws {
        var metadata = try TokenizerVectors.load("tokenizer-small").metadata()
        let text = try Tokenizer(metadata: metadata).encode("the", parseSpecial: false)
        #expect(try Tokenizer(metadata: metadata).encodeDocument("the") == text)
        (metadata.addsBeginToken, metadata.addsEndToken) = (true, true)
        #expect(try Tokenizer(metadata: metadata).encodeDocument("the") == [1] + text + [2])
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
        refuse(.unsupportedModel("bert")) { $0.model = "bert" }
        refuse(.unsupportedPreTokenizer("default")) { $0.preTokenizer = "default" }
        refuse(.badKey("tokenizer.ggml.pre")) { $0.preTokenizer = nil }
        refuse(.unsupportedValue(key: "tokenizer.ggml.add_space_prefix")) { $0.addsSpacePrefix = true }
        refuse(.badKey("tokenizer.ggml.bos_token_id")) { ($0.addsBeginToken, $0.beginToken) = (true, nil) }
        refuse(.badKey("tokenizer.ggml.eos_token_id")) { ($0.addsEndToken, $0.endToken) = (true, nil) }
        refuse(.badTokenType(6)) { $0.tokenTypes[6] = 8 }
        refuse(.badToken(6)) { $0.tokenTypes[6] = 6 }
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
        refuse(.badSpecialToken(key: "eot_token_id")) { $0.endOfTurnToken = 1 << 20 }
        refuse(.badSpecialToken(key: "eom_token_id")) { $0.endOfMessageToken = -7 }
    }
}
