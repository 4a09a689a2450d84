import Canonical
import ContentAddressing
import DNAProtocol
import ModelPackages
public import ModelStorage

/// How a cache reads a model package.
public enum ModelReading {
    /// Compares every file with the manifest, and computes the id. A package without a valid manifest is none.
    public static let reader: PackageReader = { folder in
        let package = try ModelPackage(folder: folder)
        let model = try await package.verify()
        let manifest = Digest.ofRaw(try CanonicalJSON.encode(model.manifest))
        var digests = [Manifest.fileName: manifest]
        for file in model.manifest.files { digests[file.name] = file.sha256 }
        return PackageReading(root: Block(model.root.bytes, codec: .dagPB), digests: digests)
    }
}
