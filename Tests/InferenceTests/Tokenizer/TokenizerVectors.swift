import Foundation
import Inference
import Testing

/// Texts and their ids by an independent implementation; the provenance is in the files.
struct TokenizerVectors: Decodable {
    struct Row: Decodable {
        let text: String
        let ids: [TokenID]
        let special: [TokenID]?
    }

    let tokens: [String]?
    let merges: [String]?
    let rows: [Row]

    static func load(_ name: String) throws -> TokenizerVectors {
        let url = try #require(Bundle.module.url(forResource: "Vectors/\(name)", withExtension: "json"))
        return try JSONDecoder().decode(TokenizerVectors.self, from: Data(contentsOf: url))
    }

    /// The small vocabulary; its first three tokens are control tokens.
    func metadata() throws -> TokenizerMetadata {
        let tokens = try #require(tokens)
        return TokenizerMetadata(
            model: "gpt2", preTokenizer: "smollm", tokens: tokens, merges: try #require(merges),
            tokenTypes: tokens.indices.map { $0 < 3 ? 3 : 1 }, beginToken: 1, endToken: 2)
    }

    /// Where `scripts/fetch-model` keeps the real model, if it was fetched.
    static let modelPath: String? = {
        let environment = ProcessInfo.processInfo.environment
        let cache =
            environment["DNA_CACHE"]
            ?? (environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "") + "/.cache") + "/dna-layer"
        let path = cache + "/models/SmolLM2-135M-Instruct.gguf"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()
}
