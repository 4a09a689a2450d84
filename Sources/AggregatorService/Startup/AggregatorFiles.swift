public import DNAProtocol
import Foundation
import NodeState

/// The documents an aggregator starts from.
public struct AggregatorFiles: Sendable {
    /// The network.
    public let genesis: Genesis
    /// The newest roster epoch.
    public let roster: SignedRoster
    /// The models.
    public let manifests: [Manifest]

    /// Reads them from disk.
    ///
    /// - Parameter models: each a package's folder, or its `manifest.json`.
    /// - Throws: `StateError` or `JSONFileError`, which name the file.
    public init(genesis: String, roster: String, models: [String]) throws {
        self.genesis = try JSONFile.read(Genesis.self, path: genesis)
        self.roster = try JSONFile.read(SignedRoster.self, path: roster)
        manifests = try models.map { path in
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            let manifest = exists && isFolder.boolValue ? path + "/manifest.json" : path
            return try JSONFile.read(Manifest.self, path: manifest)
        }
    }
}
