public import ArgumentParser
import DNAProtocol
import Foundation
import Inference
public import Kernels
import ModelPackages

extension InstructionSet: ExpressibleByArgument {}
extension ShardPlan: ExpressibleByArgument {}

/// Options of every command that runs the engine. None of them changes a bit of any result.
struct EngineArguments: ParsableArguments {
    @Option(help: "Threads that compute together (default: all CPUs, at most 16).") var threads: Int?
    @Option(help: "The implementation: auto, avx512, avx2, neon, portable or reference.") var isa = InstructionSet.auto

    @Option(help: "How threads share a model: rows, pipeline, or auto by the number of requests.") var plan = ShardPlan
        .auto

    /// Loads a model; `adjust` sees the options first.
    func load(_ path: String, adjust: (inout EngineOptions) -> Void = { _ in }) throws -> Engine {
        var options = EngineOptions(shardPlan: plan, instructionSet: isa)
        if let threads { options.threads = threads }
        adjust(&options)
        return try Engine(modelPath: path, options: options)
    }
}

/// The weights a `--model` option names: a GGUF file, or a package's folder.
enum ModelArgument {
    static let help: ArgumentHelp = "The model: a GGUF file, or a package's folder."

    /// The path of the weights, after they were held against the manifest they must be described by.
    static func weights(_ path: String, describedBy manifest: Manifest) async throws -> String {
        let weights = try await weights(path)
        guard let file = manifest.weights?.decrypted else {
            throw ValidationError("the certificate's manifest lists no weights")
        }
        try ModelPackage.verify(file, path: weights) { done, total in
            Console.progress("checking the model: \(done * 100 / total) %")
        }
        Console.endProgress()
        return weights
    }

    /// The path of the weights; a package's files are checked against its manifest first.
    static func weights(_ path: String) async throws -> String {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw ValidationError("--model: there is no \(path)")
        }
        guard isFolder.boolValue else { return path }
        let package = try ModelPackage(folder: path)
        guard package.manifest.encryption == nil else {
            throw ValidationError("--model: \(path) is encrypted for nodes; name the GGUF file it was made of")
        }
        _ = try await package.verify { done, total in
            Console.progress("checking the model: \(done * 100 / max(total, 1)) %")
        }
        Console.endProgress()
        return package.weightsPath
    }
}
