import Canonical
import Foundation
import LocalNetwork
import TestKit
import Testing

/// `dna inspect` on a tiny model of the engine's tests.
struct InspectTests {
    private static let models = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("InferenceTests/Vectors/families").path

    private func inspect(_ arguments: String..., status: Int32 = 0) async throws -> String {
        let output = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: output) }
        let process = try await ChildProcess.start(
            ProcessSpecification(
                name: "dna", executable: try builtExecutable("dna"), arguments: ["inspect"] + arguments,
                logFile: output.path))
        let end = await process.waitForExit()
        let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
        #expect(end == .exited(status), "\(text)")
        return text
    }

    @Test func jsonHoldsMetadataTensorsAndMemory() async throws {
        let text = try await inspect(Self.models + "/qwen2.gguf", "--json")
        let report = try CanonicalJSON.parse(Array(text.utf8))
        #expect(report["runs"] == .bool(true))
        #expect(report["metadata"]?["qwen2.rope.freq_base"] == .integer(1_000_000))
        let tokens = report["metadata"]?["tokenizer.ggml.tokens"]
        #expect(tokens?["count"] == .integer(64))
        guard case .array(let first) = tokens?["first"], case .array(let tensors) = report["tensors"] else {
            Issue.record("\(text)")
            return
        }
        #expect(first.count == 8)
        #expect(
            tensors.contains(
                .object([
                    "name": .string("blk.1.attn_k.bias"), "type": .string("F32"), "shape": .array([.integer(16)]),
                    "bytes": .integer(64),
                ])))
        #expect(report["memory"]?["per_1000_positions"] == .integer(1000 * 2 * 2 * 16 * 2))
    }

    @Test func textSaysWhyAModelIsRefused() async throws {
        let text = try await inspect(Self.models + "/mistral3.gguf")
        #expect(text.contains("runs        no: the model family 'mistral3' is not supported"))
        #expect(text.contains("token_embd.weight"))
        #expect(try await inspect(Self.models + "/mistral3.json", status: 1).contains("not a GGUF file"))
    }
}
