public import DNAProtocol
import NodeState

/// The documents an aggregator starts from.
public struct AggregatorFiles: Sendable {
    /// The network.
    public let genesis: Genesis
    /// The newest roster epoch.
    public let roster: SignedRoster
    /// The models.
    public let models: [PublishedModel]

    /// Reads them from disk.
    ///
    /// - Parameter models: each a model's listing.
    /// - Throws: `StateError` or `JSONFileError`, which name the file.
    public init(genesis: String, roster: String, models: [String]) throws {
        self.genesis = try JSONFile.read(Genesis.self, path: genesis)
        self.roster = try JSONFile.read(SignedRoster.self, path: roster)
        self.models = try models.map { try JSONFile.read(PublishedModel.self, path: $0) }
    }
}
