import Foundation
import Inference
import Kernels
import Synchronization
import Testing

/// Tiny random models of every family, against the logits that llama.cpp computes for them.
///
/// Both compute with F32 weights, in other orders. What differs by more than the last digits is that we round keys and
/// values to f16 (one part in 2048 at most), and that llama.cpp takes Gemma's GELU from a table of f16 numbers.
struct FamilyVectorTests {
    static let names = [
        "llama", "llama-linear", "llama3", "mistral", "mixtral", "qwen2", "qwen3", "qwen3moe", "gemma2", "gemma3",
        "gemma3-global", "gemma3-large", "phi3", "phi3-long", "phi3-short",
    ]
    static let instructionSets: [InstructionSet] = [.reference, .auto]

    /// The logits' standard deviation is 3. Leaving out any peculiarity moves them by ten times the limits at least, as
    /// `scripts/generate-family-vectors --sensitivity` shows of llama.cpp.
    static let largestDifference: Float = 0.05
    static let usualDifference: Float = 0.01

    @Test(arguments: names, instructionSets)
    func logitsAreThoseOfLlamaCpp(_ name: String, _ instructionSet: InstructionSet) async throws {
        let vector = try FamilyVector(name)
        let computed = try await vector.logits(instructionSet)
        try #require(computed.count == vector.expected.count)
        let differences = zip(computed, vector.expected).map { abs($0 - $1) }
        let square = differences.reduce(0) { $0 + $1 * $1 } / Float(differences.count)
        #expect(differences.allSatisfy { $0 <= Self.largestDifference }, "\(differences.max()!)")
        #expect(square.squareRoot() <= Self.usualDifference)
    }
}

/// A model of `Vectors/families`, and what llama.cpp computed for its tokens.
struct FamilyVector {
    private struct File: Decodable {
        let tokens: [TokenID]
        let logits: [[Float]]
    }

    let path: String
    let tokens: [TokenID]
    /// Those after each token, one position after the other.
    let expected: [Float]

    init(_ name: String) throws {
        func url(_ kind: String) throws -> URL {
            try #require(Bundle.module.url(forResource: "Vectors/families/\(name)", withExtension: kind))
        }
        let file = try JSONDecoder().decode(File.self, from: Data(contentsOf: url("json")))
        path = try url("gguf").path
        tokens = file.tokens
        expected = file.logits.flatMap(\.self)
    }

    func logits(_ instructionSet: InstructionSet) async throws -> [Float] {
        let engine = try Engine(modelPath: path, options: EngineOptions(threads: 1, instructionSet: instructionSet))
        let rows = Mutex<[Int: [Float]]>([:])
        let failure = try await engine.score(tokens: tokens, from: 0) { position, logits, _ in
            rows.withLock { $0[position] = Array(logits) }
        }
        #expect(failure == nil)
        return rows.withLock { rows in tokens.indices.flatMap { rows[$0] ?? [] } }
    }
}
