import Canonical
import DNAProtocol

/// What is asked while a package is fetched; whatever throws refuses what has not come yet.
struct FetchConditions: Sendable {
    /// Asked with all the bytes there will be, before they come.
    var size: @Sendable (Int) throws -> Void = { _ in }
    /// Asked with the manifest's bytes, before any other file comes; nil for a package without one. Without a question the
    /// manifest is a file as any other.
    var manifest: (@Sendable ([UInt8]?) throws -> Void)?
}

extension Manifest {
    /// Reads a manifest that was fetched.
    ///
    /// - Parameter source: where it came from, for people.
    init(fetched bytes: [UInt8]?, from source: String) throws(StorageError) {
        guard let bytes else { throw .notAPackage(name: source, reason: "it has no \(Self.fileName)") }
        do {
            self = try CanonicalJSON.decode(Manifest.self, from: bytes, unknownKeys: .refused)
            try validate()
        } catch {
            throw .notAPackage(name: source, reason: "\(Self.fileName): \(error)")
        }
    }
}
