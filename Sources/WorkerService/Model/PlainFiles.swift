package import Cryptography
package import DNAProtocol
import Foundation
package import Logging
package import ModelPackages

/// What a worker has decrypted: a folder for each model, in the node's own state, which nobody else may read.
package struct PlainFiles: Sendable {
    private let folder: String

    /// Below the node's folder, which only its user may enter.
    package init(statePath: String) { folder = statePath + "/plain" }

    /// The decrypted weights of an encrypted package whose files were checked; decrypted now, or earlier and compared with
    /// their digest now.
    ///
    /// Throws ``ModelPackageError`` when the package is not encrypted to this node.
    package func weights(
        of package: ModelPackage, id: ModelID, key: Ed25519.SigningKey, logger: Logger
    ) throws -> String? {
        guard let encryption = package.manifest.encryption, let weights = package.manifest.weights,
            let plain = weights.plain
        else { return nil }
        guard let contentKey = try encryption.contentKey(for: key) else {
            throw ModelPackageError.notARecipient(model: "\(id)", node: "\(key.publicKey)")
        }
        let place = "\(folder)/\(id)"
        try FileManager.default.createDirectory(
            atPath: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let path = "\(place)/\(weights.name)"
        if FileManager.default.fileExists(atPath: path),
            (try? ModelPackage.verify(weights.decrypted, path: path)) != nil
        {
            logger.info("the decrypted weights are there, and right", metadata: ["model": "\(id)"])
            return path
        }
        logger.info("decrypting the weights", metadata: ["model": "\(id)", "bytes": "\(plain.size)"])
        let temporary = path + ".new"
        try? FileManager.default.removeItem(atPath: temporary)
        defer { try? FileManager.default.removeItem(atPath: temporary) }
        let pass = try EncryptedFile(name: weights.name, contentKey: contentKey)
            .decrypt(package.weightsPath, to: temporary)
        guard pass.written == plain else { throw ModelPackageError.digestDiffers(file: package.weightsPath) }
        guard rename(temporary, path) == 0 else { throw ModelPackageError.unwritable(file: path) }
        return path
    }

    /// Removes what was decrypted for other models.
    package func keep(only models: Set<ModelID>) throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where ModelID(name).map(models.contains) != true {
            try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
    }
}
