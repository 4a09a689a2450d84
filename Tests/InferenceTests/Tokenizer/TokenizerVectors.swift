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

    let model: String?
    let pre: String?
    let prefix: Bool?
    let tokens: [String]?
    let merges: [String]?
    let scores: [Float]?
    let types: [Int32]?
    let rows: [Row]

    static func load(_ name: String) throws -> TokenizerVectors {
        try load(name, as: TokenizerVectors.self)
    }

    static func load<Vectors: Decodable>(_ name: String, as type: Vectors.Type) throws -> Vectors {
        let url = try #require(Bundle.module.url(forResource: "Vectors/\(name)", withExtension: "json"))
        return try JSONDecoder().decode(type, from: Data(contentsOf: url))
    }

    /// The vocabulary; without types the first three tokens are control tokens.
    func metadata(pre: String? = nil) throws -> TokenizerMetadata {
        let tokens = try #require(tokens)
        var metadata = TokenizerMetadata(
            model: scores == nil ? "gpt2" : "llama", preTokenizer: pre ?? self.pre ?? "smollm", tokens: tokens,
            merges: merges ?? [], tokenTypes: types ?? tokens.indices.map { $0 < 3 ? 3 : 1 }, beginToken: 1,
            endToken: 2)
        metadata.scores = scores ?? []
        metadata.addsSpacePrefix = prefix ?? false
        return metadata
    }

    /// Expects every row's ids.
    func expect(from tokenizer: Tokenizer, special: Bool = true) {
        #expect(!rows.isEmpty)
        for row in rows {
            let ids = tokenizer.encode(row.text, parseSpecial: false)
            #expect(ids == row.ids, "\(row.text.debugDescription)")
            guard special else { continue }
            #expect(
                tokenizer.encode(row.text, parseSpecial: true) == row.special ?? row.ids,
                "\(row.text.debugDescription)")
        }
    }
}

/// Real models, where `scripts/fetch-model` puts them.
enum FetchedModel {
    static let smolLM2 = path("SmolLM2-135M-Instruct.gguf")
    static let gemma3 = path("gemma-3-270m-q4_k_m.gguf")

    private static func path(_ name: String) -> String? {
        let environment = ProcessInfo.processInfo.environment
        let cache =
            environment["DNA_CACHE"]
            ?? (environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "") + "/.cache") + "/dna-layer"
        let path = cache + "/models/" + name
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }
}
