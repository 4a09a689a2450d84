import Canonical
import ContentAddressing
import ModelPackages
public import ModelStorage

/// How a cache reads a model package.
public enum ModelReading {
    /// Compares every file with the manifest, and computes the id. A package without a valid manifest is none.
    public static let reader: PackageReader = { folder in
        let package = try ModelPackage(folder: folder)
        try package.verifyFiles()
        let dag = try await Importer().add(folder)
        guard let root = dag.directories.last, root.cid == dag.root.cid,
            let manifest = dag.files.first(where: { $0.path == ModelPackage.manifestName }),
            let digest = Digest(bytes: manifest.root.cid.digest)
        else { throw StorageError.notAPackage(name: folder, reason: "it has no root") }
        var digests = [ModelPackage.manifestName: digest]
        for file in package.manifest.files { digests[file.name] = file.sha256 }
        return PackageReading(root: root, digests: digests)
    }
}
