public import DNAProtocol
import Foundation
import GGUF
import Inference
import ModelPackages

/// The model package of a local network: a manifest written around a GGUF file.
public enum LocalModel {
    /// Writes the package, and returns the model's id. The same file always makes the same package.
    @discardableResult
    public static func prepare(weights: String, folder: String, genesis: Genesis) throws -> ModelID {
        let description = try describe(weights)
        let package = try ModelPackage.create(weights: weights, folder: folder) { file in
            Manifest(
                name: description.name, licence: description.licence, contextLength: description.contextLength,
                chatTemplate: description.chatTemplate, sampling: Sampling(),
                policy: Policy(rule: .majority, committee: 3, maximumCommittee: 5), files: [file])
        }
        try package.manifest.validate(within: genesis)
        return package.id
    }

    /// Where the model's chat template is; one that no worker could use is refused here.
    private static func chatTemplate(_ header: GGUFHeader) throws -> String {
        let metadata = try TokenizerMetadata(gguf: header)
        do throws(ChatTemplateError) {
            _ = try ChatTemplate(metadata: metadata)
            return Manifest.templateOfWeights
        } catch .missing {
            return Manifest.noTemplate
        }
    }

    /// The file's name, and what it says of itself.
    private static func describe(
        _ path: String
    ) throws -> (name: String, licence: String, contextLength: Int, chatTemplate: String) {
        let header = try GGUFFile(path: path).header
        let configuration = try ModelDescription(header).configuration
        let fileName = (path as NSString).lastPathComponent
        return (
            (fileName as NSString).deletingPathExtension, header.metadata["general.license"]?.text ?? "unknown",
            configuration.contextLength, try chatTemplate(header)
        )
    }
}
