import ArgumentParser
import Canonical
import ContentAddressing
import DNAProtocol
import Foundation
import HTTPTransport
import ModelPackages
import ModelStorage
import NodeState
import ServiceArguments

/// A model that a command is about: a package's folder, a listing, or an id.
struct ModelSubject: ParsableArguments {
    @Argument(help: "A package's folder, a model's id (bafybei…), or a listing.") var model: String
    @OptionGroup var storage: StorageArguments

    func validate() throws { _ = try storage.resolve() }

    /// The model: of a folder every file is read and checked, of an id the root block and the manifest are fetched.
    func find() async throws -> PublishedModel {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: model, isDirectory: &isFolder) {
            guard isFolder.boolValue else { return try JSONFile.read(PublishedModel.self, path: model) }
            defer { Console.endProgress() }
            return try await ModelPackage(folder: model).verify { done, total in
                Console.progress("hashed \(done * 100 / max(total, 1)) %")
            }
        }
        let text = model.hasPrefix("ipfs://") ? String(model.dropFirst("ipfs://".count)) : model
        guard let id = ModelID(text) else {
            throw ValidationError("\(model) is neither a folder, nor a file, nor a model's id (bafybei…)")
        }
        return try await ModelPushCommand.withClient { try await fetch(id, $0) }
    }

    /// The root block and the manifest, each compared with the id that names it.
    private func fetch(_ id: ModelID, _ client: HTTP1Client) async throws -> PublishedModel {
        let fetcher = IPFSFetcher(gateways: try storage.resolve().gateways, client: client)
        let root = try PackageRoot(bytes: try await fetcher.block(id.cid).bytes)
        let document = try await fetcher.block(try root.manifestBlock()).bytes
        let manifest = try CanonicalJSON.decode(Manifest.self, from: document, unknownKeys: .refused)
        return try PublishedModel(root: root, manifest: manifest)
    }
}
