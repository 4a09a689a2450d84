import Inference
import Testing

struct StreamingDecoderTests {
    /// A vocabulary of the 256 bytes, so that a token is a byte.
    private func byteTokenizer() throws -> Tokenizer {
        var next: UInt32 = 0x100
        let tokens = (0..<256 as Range<UInt32>).map { byte -> String in
            switch byte {
            case 0x21...0x7e, 0xa1...0xac, 0xae...0xff: return String(Unicode.Scalar(UInt8(byte)))
            default:
                defer { next += 1 }
                return String(Unicode.Scalar(next)!)  // 0x100…0x143: never a surrogate.
            }
        }
        return try Tokenizer(
            metadata: TokenizerMetadata(
                model: "gpt2", preTokenizer: "smollm", tokens: tokens, merges: [],
                tokenTypes: [Int32](repeating: 1, count: 256)))
    }

    @Test func streamedTextIsTheWholeText() throws {
        let tokenizer = try byteTokenizer()
        var random = SeededGenerator(state: 3)
        let interesting: [UInt8] = [
            0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xe4, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5,
            0xff,
        ]
        for _ in 0..<5000 {
            let tokens = (0..<8).map { _ in TokenID(interesting.randomElement(using: &random)!) }
            var decoder = StreamingDecoder(tokenizer)
            var streamed = ""
            for token in tokens { streamed += decoder.append(token) }
            streamed += decoder.finish()
            #expect(Array(streamed.utf8) == Array(tokenizer.decode(tokens).utf8), "\(tokens)")
        }
    }

    @Test func holdsBackACharacterUntilItIsWhole() throws {
        let tokenizer = try byteTokenizer()
        var decoder = StreamingDecoder(tokenizer)
        #expect("a😀".utf8.map { decoder.append(TokenID($0)) } == ["a", "", "", "", "😀"])
        #expect(decoder.finish() == "")
    }

    @Test func anUnfinishedCharacterBecomesAReplacementCharacter() throws {
        var decoder = StreamingDecoder(try byteTokenizer())
        #expect("😀".utf8.prefix(3).map { decoder.append(TokenID($0)) } == ["", "", ""])
        #expect(decoder.finish() == "\u{fffd}")
        #expect(decoder.finish() == "")
    }
}
