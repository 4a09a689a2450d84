import Foundation
import NodeState

/// Where the services of a local network answer while it runs.
public struct ServiceAddresses: Codable, Hashable, Sendable {
    /// The gateway's URL.
    public var gateway: String
    /// The aggregators' URLs.
    public var aggregators: [String]
    /// The signers' URLs, by ascending identifier from 1.
    public var signers: [String]

    /// Reads those of the network in `folder`; nil while it does not run.
    public static func read(_ folder: NetworkFolder) throws -> ServiceAddresses? {
        try JSONFile.readIfThere(ServiceAddresses.self, path: folder.addresses)
    }

    func write(_ folder: NetworkFolder) throws { try JSONFile.write(self, path: folder.addresses) }

    static func remove(_ folder: NetworkFolder) { try? FileManager.default.removeItem(atPath: folder.addresses) }
}

extension NetworkFolder {
    var addresses: String { run + "/addresses.json" }
}
