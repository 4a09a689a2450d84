import Foundation
import Inference
import Testing

/// Any text, any bytes, any vocabulary: nothing traps, and what should come back does. `DNA_SEED` repeats a run.
struct TokenizerPropertyTests {
    private struct Vocabularies: Decodable {
        let plain: TokenizerVectors
        let user: TokenizerVectors
        let unknown: TokenizerVectors
    }

    /// Bytes without a token, or U+2581 for a space, are the losses a text may suffer.
    private struct Subject {
        let name: String
        let tokenizer: Tokenizer
        let isLossless: Bool
    }

    private static func subjects() throws -> [Subject] {
        let small = try TokenizerVectors.load("tokenizer-small")
        let llama = try TokenizerVectors.load("tokenizer-llama3-small")
        let pieces = try TokenizerVectors.load("tokenizer-sentencepiece", as: Vocabularies.self)
        let rules = ["gpt-2", "smollm", "llama-bpe", "qwen2", "qwen35", "tekken", "gpt-4o"]
        return try rules.map {
            Subject(name: $0, tokenizer: try Tokenizer(metadata: llama.metadata(pre: $0)), isLossless: true)
        } + [
            Subject(name: "small", tokenizer: try Tokenizer(metadata: small.metadata()), isLossless: false),
            Subject(name: "plain", tokenizer: try Tokenizer(metadata: pieces.plain.metadata()), isLossless: true),
            Subject(name: "user", tokenizer: try Tokenizer(metadata: pieces.user.metadata()), isLossless: true),
            Subject(name: "unknown", tokenizer: try Tokenizer(metadata: pieces.unknown.metadata()), isLossless: false),
        ]
    }

    private static func generator() -> SeededGenerator {
        let seed = ProcessInfo.processInfo.environment["DNA_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
        print("tokenizer property seed: DNA_SEED=\(seed)")
        return SeededGenerator(state: seed)
    }

    /// Bytes as a fuzzer gives them, read as UTF-8 with replacement.
    private static func text(_ random: inout SeededGenerator) -> String {
        let parts = [
            "<|eot_id|>", "<think>", "<b>", "<|user|>", "the", " ", "  ", "\n", "'s", "123", "é", "ǅ", "中", "😀",
            "\u{301}",
        ]
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 0...24, using: &random) {
            if Bool.random(using: &random) {
                bytes += Array(parts.randomElement(using: &random)!.utf8)
            } else {
                bytes += (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func anyTextIsEncodedAndComesBack() throws {
        let subjects = try Self.subjects()
        var random = Self.generator()
        for _ in 0..<2000 {
            let text = Self.text(&random)
            for subject in subjects {
                for parseSpecial in [false, true] {
                    let tokens = subject.tokenizer.encode(text, parseSpecial: parseSpecial)
                    #expect(tokens.allSatisfy { $0 >= 0 && Int($0) < subject.tokenizer.vocabularySize })
                    guard subject.isLossless, !parseSpecial, !text.unicodeScalars.contains("\u{2581}") else { continue }
                    #expect(
                        Array(subject.tokenizer.decode(tokens).utf8) == Array(text.utf8),
                        "\(subject.name) \(text.debugDescription)")
                }
            }
        }
    }

    @Test func piecesAreTheWholeTextAndNeverEmpty() throws {
        var random = Self.generator()
        for _ in 0..<2000 {
            let text = Array(Self.text(&random).utf8)
            for name in ["gpt-2", "smollm", "llama-bpe", "qwen2", "qwen35", "tekken", "gpt-4o"] {
                var joined: [UInt8] = []
                try #require(PreTokenizer(named: name)).forEachPiece(text[...]) { piece in
                    #expect(!piece.isEmpty)
                    joined += piece
                }
                #expect(joined == text)
            }
        }
    }

    @Test func anyTokensAreDecodedAlikeAtOnceAndOneByOne() throws {
        let subjects = try Self.subjects()
        var random = Self.generator()
        for _ in 0..<2000 {
            for subject in subjects {
                let range = 0..<TokenID(subject.tokenizer.vocabularySize)
                let tokens = (0..<12).map { _ in TokenID.random(in: range, using: &random) }
                var decoder = StreamingDecoder(subject.tokenizer)
                let streamed = tokens.reduce(into: "") { $0 += decoder.append($1) } + decoder.finish()
                #expect(
                    Array(streamed.utf8) == Array(subject.tokenizer.decode(tokens).utf8), "\(subject.name) \(tokens)")
            }
        }
    }

    /// A vocabulary that was damaged anywhere is refused, or works.
    @Test func anyMetadataIsRefusedOrWorks() throws {
        let small = try TokenizerVectors.load("tokenizer-small").metadata()
        let pieces = try TokenizerVectors.load("tokenizer-sentencepiece", as: Vocabularies.self)
        var random = Self.generator()
        for good in [small, try pieces.user.metadata(), try pieces.unknown.metadata()] {
            for _ in 0..<60 {
                var metadata = good
                for _ in 0..<Int.random(in: 1...3, using: &random) { Self.damage(&metadata, &random) }
                guard let tokenizer = try? Tokenizer(metadata: metadata) else { continue }
                let text = Self.text(&random)
                _ = tokenizer.decode(tokenizer.encode(text, parseSpecial: true))
            }
        }
    }

    private static func damage(_ metadata: inout TokenizerMetadata, _ random: inout SeededGenerator) {
        let index = Int.random(in: 0..<metadata.tokens.count, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: metadata.tokens[index] = text(&random)
        case 1: metadata.tokenTypes[index] = Int32.random(in: -1...7, using: &random)
        case 2 where !metadata.scores.isEmpty:
            metadata.scores[index] = Float(bitPattern: .random(in: 0 ... .max, using: &random))
        case 3 where !metadata.merges.isEmpty: metadata.merges[index % metadata.merges.count] = text(&random)
        case 4: metadata.tokens.removeLast()
        case 5: metadata.tokens[index] = metadata.tokens[index / 2]
        case 6: metadata.unknownToken = TokenID.random(in: -2...1000, using: &random)
        default: metadata.tokenTypes[index] = [2, 3, 4, 5, 6].randomElement(using: &random)!
        }
    }

    @Test func longTextsTakeNoQuadraticTime() throws {
        for subject in try Self.subjects() {
            for unit in ["a", " ", "\n", "<", "'", "中", "ʰA", "\u{301}", "the ", "<b", "  \n "] {
                let text = String(repeating: unit, count: 50_000 / unit.utf8.count)
                let tokens = subject.tokenizer.encode(text, parseSpecial: true)
                #expect(tokens.count <= text.utf8.count + 1)
                guard subject.isLossless else { continue }
                #expect(subject.tokenizer.decode(tokens).utf8.count == text.utf8.count, "\(subject.name) \(unit)")
            }
        }
    }
}
