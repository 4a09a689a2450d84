public import DNAProtocol
import Foundation
import ModelPackages
import NodeState

/// The model package of a local network: a GGUF file with a manifest around it.
public enum LocalModel {
    /// Packs the file, as a link to it, and writes the package's listing. The same file always makes the same package.
    ///
    /// What an earlier start packed into the folder gives way.
    @discardableResult
    public static func prepare(
        weights: String, folder: String, listing: String, genesis: Genesis
    ) async throws -> PublishedModel {
        var writer = PackageWriter(folder: folder)
        writer.placement = .link
        writer.genesis = genesis
        let draft = try PackageDraft(from: weights)
        let model: PublishedModel
        do {
            model = try await draft.write(with: writer)
        } catch ModelPackageError.unlisted {
            try FileManager.default.removeItem(atPath: folder)
            model = try await draft.write(with: writer)
        }
        try JSONFile.write(model, path: listing)
        return model
    }

    /// A short name for a model: what stands before the first `-` of its name, after the last `/`, in small letters; nil
    /// when that can be none.
    package static func alias(ofModel name: String) -> String? {
        let last = name.split(separator: "/").last ?? ""
        let alias = last.prefix { $0 != "-" }.lowercased()
        return ModelRegistration.isAlias(alias) ? alias : nil
    }
}
