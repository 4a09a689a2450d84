import Foundation
import GGUF
import Inference
import Kernels
import Synchronization
import Testing

/// Tiny random models of every family, against the logits that llama.cpp computes for them.
///
/// Both compute with F32 weights, in other orders. What differs by more than the last digits is that we round keys and
/// values to f16 (one part in 2048 at most), and that llama.cpp takes Gemma's GELU from a table of f16 numbers. The
/// logits' standard deviation is 3; the differences are 0.014 at most, their root mean square 0.0022.
struct FamilyVectorTests {
    static let names = [
        "llama", "llama3", "llama-linear", "mistral", "mixtral", "qwen2", "qwen3", "qwen3moe", "gemma2", "gemma3",
        "gemma3-large", "gemma3-global", "phi3", "phi3-long", "phi3-short",
    ]
    static let instructionSets: [InstructionSet] = [.reference, .auto]
    static let largestDifference: Float = 0.03
    static let usualDifference: Float = 0.005

    /// Numbers of files without which the logits would be others. `scripts/generate-family-vectors --sensitivity` shows
    /// the same, and more, of llama.cpp.
    static let peculiarities: [(name: String, key: String, bits: UInt32)] = [
        ("llama-linear", "rope.scaling.factor", Float(1).bitPattern),
        ("mistral", "rope.freq_base", Float(10000).bitPattern),
        ("mixtral", "expert_used_count", 1),
        ("qwen2", "rope.freq_base", Float(10000).bitPattern),
        ("qwen3moe", "expert_used_count", 2),
        ("gemma2", "attention.sliding_window", 9),
        ("gemma2", "attn_logit_softcapping", Float(50).bitPattern),
        ("gemma2", "final_logit_softcapping", Float(30).bitPattern),
        ("gemma3", "attention.sliding_window", 7),
        ("gemma3", "rope.freq_base", Float(10000).bitPattern),
        ("gemma3-large", "rope.freq_base_swa", Float(10000).bitPattern),
        ("gemma3-large", "rope.scaling.factor", Float(1).bitPattern),
        ("gemma3-global", "final_logit_softcapping", Float(30).bitPattern),
        ("phi3", "rope.dimension_count", 16),
        ("phi3-long", "rope.scaling.original_context_length", 512),
        ("phi3-long", "rope.scaling.attn_factor", Float(1).bitPattern),
    ]

    @Test(arguments: names, instructionSets)
    func logitsAreThoseOfLlamaCpp(_ name: String, _ instructionSet: InstructionSet) async throws {
        let vector = try FamilyVector(name)
        let (largest, usual) = try vector.differences(of: await vector.logits(instructionSet))
        #expect(largest <= Self.largestDifference)
        #expect(usual <= Self.usualDifference)
    }

    @Test(arguments: peculiarities)
    func peculiaritiesMatter(_ name: String, _ key: String, _ bits: UInt32) async throws {
        let vector = try FamilyVector(name)
        let path = try vector.changed(key, to: bits)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (largest, usual) = try vector.differences(of: await vector.logits(.auto, path: path))
        #expect(largest > 5 * Self.largestDifference)
        #expect(usual > 2 * Self.usualDifference)
    }
}

/// A model of `Vectors/families`, and what llama.cpp computed for its tokens.
struct FamilyVector {
    private struct File: Decodable {
        let tokens: [TokenID]
        let logits: [[Float]]
    }

    let path: String
    let architecture: String
    let tokens: [TokenID]
    /// Those after each token, one position after the other.
    let expected: [Float]

    init(_ name: String) throws {
        func url(_ kind: String) throws -> URL {
            try #require(Bundle.module.url(forResource: "Vectors/families/\(name)", withExtension: kind))
        }
        let file = try JSONDecoder().decode(File.self, from: Data(contentsOf: url("json")))
        path = try url("gguf").path
        architecture = try #require(GGUFFile(path: path).header.metadata["general.architecture"]?.text)
        tokens = file.tokens
        expected = file.logits.flatMap(\.self)
    }

    func logits(_ instructionSet: InstructionSet, path: String? = nil) async throws -> [Float] {
        let engine = try Engine(
            modelPath: path ?? self.path, options: EngineOptions(threads: 1, instructionSet: instructionSet))
        let rows = Mutex<[Int: [Float]]>([:])
        let failure = try await engine.score(tokens: tokens, from: 0) { position, logits, _ in
            rows.withLock { $0[position] = Array(logits) }
        }
        #expect(failure == nil)
        return rows.withLock { rows in tokens.indices.flatMap { rows[$0] ?? [] } }
    }

    /// The largest difference from what llama.cpp computed, and the root of the mean square of all.
    func differences(of logits: [Float]) throws -> (largest: Float, usual: Float) {
        try #require(logits.count == expected.count)
        let differences = zip(logits, expected).map { abs($0 - $1) }
        let square = differences.reduce(0) { $0 + $1 * $1 } / Float(differences.count)
        return (try #require(differences.max()), square.squareRoot())
    }

    /// A copy of the file with another value of four bytes under the family's `key`.
    func changed(_ key: String, to bits: UInt32) throws -> String {
        var file = try Data(contentsOf: URL(fileURLWithPath: path))
        let place = try #require(file.range(of: Data("\(architecture).\(key)".utf8)))
        // The length before the key tells it from one that only begins like it; between key and value lies the type.
        #expect(file[place.lowerBound - 8] == place.count)
        withUnsafeBytes(of: bits.littleEndian) {
            file.replaceSubrange(place.upperBound + 4..<place.upperBound + 8, with: $0)
        }
        let changed = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try file.write(to: changed)
        return changed.path
    }
}
