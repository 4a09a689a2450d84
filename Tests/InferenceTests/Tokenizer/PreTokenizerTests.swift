import Inference
import Testing

struct PreTokenizerTests {
    private struct Vectors: Decodable {
        let texts: [String]
        let rules: [String: [[Int]]]
    }

    private func lengths(_ name: String, _ text: String) throws -> [Int] {
        var lengths: [Int] = []
        try #require(PreTokenizer(named: name)).forEachPiece(Array(text.utf8)[...]) { lengths.append($0.count) }
        return lengths
    }

    @Test(arguments: ["gpt-2", "smollm", "llama-bpe", "qwen2", "qwen35", "tekken", "gpt-4o"])
    func cutsAsTheExpressionDoes(_ name: String) throws {
        let vectors = try TokenizerVectors.load("pretokenizers", as: Vectors.self)
        let expected = try #require(vectors.rules[name])
        #expect(expected.count == vectors.texts.count && expected.count > 300)
        for (text, expected) in zip(vectors.texts, expected) {
            #expect(try lengths(name, text) == expected, "\(text.debugDescription)")
        }
    }

    /// What tells the rules apart, to be checked by eye.
    @Test(arguments: [
        ("gpt-2", "it's I'LL 1234 a\n\n b", ["it", "'s", " I", "'", "LL", " 1234", " a", "\n\n", " b"]),
        ("smollm", "it's 1234 a", ["it", "'s", " ", "1", "2", "3", "4", " a"]),
        ("llama-bpe", "I'LL 1234(x)\n\n  y", ["I", "'LL", " ", "123", "4", "(x", ")\n\n", " ", " y"]),
        ("qwen2", "'ſ 12 \n ab!", ["'ſ", " ", "1", "2", " \n", " ab", "!"]),
        ("qwen35", "e\u{301}\u{302}a", ["e\u{301}\u{302}a"]),
        ("tekken", "aHelloWorld ABc/\n/d's", ["a", "Hello", "World", " ABc", "/\n/", "d", "'s"]),
        ("gpt-4o", "HelloWorld's 1234", ["Hello", "World's", " ", "123", "4"]),
    ])
    func rulesDiffer(_ name: String, _ text: String, _ pieces: [String]) throws {
        #expect(pieces.joined() == text)
        #expect(try lengths(name, text) == pieces.map(\.utf8.count))
    }

    @Test func knowsOnlyRulesItHas() {
        for name in ["default", "", "deepseek-llm", "gpt2"] { #expect(PreTokenizer(named: name) == nil, "\(name)") }
    }
}
