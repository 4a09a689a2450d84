public import DNAProtocol
import Foundation
import GGUF
import Inference

/// A package to be: what a GGUF file says of itself, and what its constructor says besides.
public struct PackageDraft: Sendable {
    /// The files, the weights among them.
    public let sources: [PackageWriter.Source]
    /// Everything but the files and the signature; to be changed at will before it is written.
    public var manifest: Manifest

    /// Reads a GGUF file, or a folder with one and perhaps a licence and the like beside it.
    ///
    /// Throws ``PackageDraftError``, or what GGUF and engine say about weights that would not run.
    public init(from path: String) throws {
        let sources = try Self.sources(at: path)
        guard let weights = sources.first(where: { $0.role == .weights }) else {
            throw PackageDraftError.noWeights(path: path)
        }
        self.sources = sources
        manifest = try Self.describe(weights.path)
        manifest.environment.disk = try sources.reduce(0) { $0 + (try FileDigest.size(of: $1.path)) }
    }

    /// Writes the package.
    public func write(with writer: PackageWriter) async throws -> PublishedModel {
        try await writer.write(sources) { files in
            var manifest = manifest
            manifest.files = files
            // A worker keeps both, what is encrypted and what it has decrypted.
            if !writer.recipients.isEmpty {
                manifest.environment.disk = files.reduce(0) { $0 + $1.size + ($1.plain?.size ?? 0) }
            }
            return manifest
        }
    }

    // MARK: - Files

    private static func sources(at path: String) throws -> [PackageWriter.Source] {
        let manager = FileManager.default
        var isFolder: ObjCBool = false
        guard manager.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw PackageDraftError.missing(path: path)
        }
        guard isFolder.boolValue else {
            return [.init(name: (path as NSString).lastPathComponent, role: .weights, path: path)]
        }
        var sources: [PackageWriter.Source] = []
        for name in try manager.contentsOfDirectory(atPath: path).sorted()
        where !name.hasPrefix(".") && name != Manifest.fileName {
            let file = path + "/" + name
            guard manager.fileExists(atPath: file, isDirectory: &isFolder), !isFolder.boolValue else {
                throw PackageDraftError.notAFile(path: file)
            }
            sources.append(.init(name: name, role: role(of: name), path: file))
        }
        guard sources.count(where: { $0.role == .weights }) <= 1 else {
            throw PackageDraftError.severalWeights(path: path)
        }
        return sources
    }

    /// What a file is for, by its name.
    private static func role(of name: String) -> Manifest.File.Role {
        let lower = name.lowercased()
        return switch lower {
        case _ where lower.hasSuffix(".gguf"): .weights
        case "tokenizer.json", "tokenizer.model", "tokenizer_config.json": .tokenizer
        case _ where lower.hasSuffix(".jinja"): .chatTemplate
        case _ where lower.hasPrefix("licen"): .licence
        case _ where lower.hasSuffix(".lua"): .policyScript
        default: .other
        }
    }

    // MARK: - What the weights say

    private static func describe(_ path: String) throws -> Manifest {
        let header = try GGUFFile(path: path).header
        let inspection = ModelInspection(header)
        guard let memory = inspection.memory else {
            throw PackageDraftError.doesNotRun(path: path, reason: inspection.refusal ?? "")
        }
        let context = min(try ModelDescription(header).configuration.contextLength, 1_048_576)
        let fileName = (path as NSString).lastPathComponent
        func text(_ key: String) -> String? {
            header.metadata[key]?.text.flatMap { $0.isEmpty ? nil : $0 }
        }
        var manifest = Manifest(
            name: (fileName as NSString).deletingPathExtension, licence: text("general.license") ?? "unknown",
            architecture: text("general.architecture") ?? "unknown", contextLength: context,
            environment: .init(
                memory: memory.weights + memory.position * context,
                engine: .init(minimum: EngineVersion(Engine.version))),
            chatTemplate: try chatTemplate(header),
            policy: Policy(rule: .majority, committee: 3, maximumCommittee: 5), files: [])
        manifest.release = text("general.version")
        manifest.description = text("general.description")
        return manifest
    }

    /// Where the model's chat template is; one that no worker could use is refused here.
    private static func chatTemplate(_ header: GGUFHeader) throws -> String {
        let metadata = try TokenizerMetadata(gguf: header)
        do throws(ChatTemplateError) {
            _ = try ChatTemplate(metadata: metadata)
            return Manifest.partOfWeights
        } catch .missing {
            return Manifest.noTemplate
        }
    }
}

/// Why something cannot be made a package.
public enum PackageDraftError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is nothing.
    case missing(path: String)
    /// The folder holds no GGUF file.
    case noWeights(path: String)
    /// The folder holds several GGUF files.
    case severalWeights(path: String)
    /// The folder holds something else than files.
    case notAFile(path: String)
    /// The engine does not run the weights.
    case doesNotRun(path: String, reason: String)

    /// A sentence for the constructor.
    public var description: String {
        switch self {
        case .missing(let path): "there is no \(path)"
        case .noWeights(let path): "\(path) holds no file that ends in .gguf"
        case .severalWeights(let path): "\(path) holds several files that end in .gguf; a package has one"
        case .notAFile(let path): "\(path) is no file, and packages hold nothing else"
        case .doesNotRun(let path, let reason): "the engine does not run \(path): \(reason)"
        }
    }
}
