import Foundation
import GGUF
import Inference
import Testing

/// What the header says of a model, against what loading it does.
struct ModelInspectionTests {
    private func inspect(_ path: String) throws -> ModelInspection {
        ModelInspection(try GGUFFile(path: path).header)
    }

    /// Weights in F32 take packed what they take in the file, except that 16 rows lie together. Keys and values are
    /// two bytes each.
    @Test(arguments: [
        ("llama", 0, 2 * 2 * 16), ("qwen3", 0, 2 * 2 * 32), ("mixtral", 2 * 12 * 32, 2 * 2 * 16),
        ("gemma3", 0, 7 * 2 * 16),
    ])
    func memoryIsThatOfTheTensors(_ name: String, _ padding: Int, _ cached: Int) throws {
        let inspection = try inspect(FamilyVector(name).path)
        #expect(inspection.refusal == nil)
        let memory = try #require(inspection.memory)
        #expect(memory.weights == 4 * (inspection.parameters + padding))
        #expect(memory.position == 2 * cached)
    }

    @Test func refusesInTheEnginesWords() throws {
        let path = try FamilyVector("mistral3").path
        let inspection = try inspect(path)
        #expect(inspection.memory == nil)
        let refusal = try #require(inspection.refusal)
        #expect(refusal.contains("'mistral3' is not supported"))
        let error = try #require(throws: EngineError.self) { try Engine(modelPath: path) }
        #expect("\(error)".contains(refusal))
    }
}
