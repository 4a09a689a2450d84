public import ArgumentParser
public import Foundation
import HTTPTypes
public import ModelStorage

/// The options of every program that fetches model packages.
public struct StorageArguments: ParsableArguments {
    /// A local gateway of IPFS.
    private static let defaultGateway = "http://127.0.0.1:8080"
    private static let defaultArweaveNode = "https://arweave.net"

    @Option(
        help: """
            The folder of fetched packages; models below $DNA_CACHE, or below dna-layer in $XDG_CACHE_HOME or ~/.cache, by \
            default (DNA_MODEL_CACHE).
            """)
    var modelCache: String?

    @Option(
        help: """
            The most bytes of fetched packages together: those that were not used for the longest time go first \
            (DNA_MODEL_CACHE_LIMIT).
            """)
    var modelCacheLimit: Int?

    @Option(
        name: [.customLong("ipfs-gateway"), .customLong("gateway")],
        help: """
            A gateway of IPFS, \(Self.defaultGateway) by default; repeat it for more (DNA_IPFS_GATEWAY, separated by \
            commas).
            """)
    var ipfsGateway: [String] = []

    @Option(
        help: """
            A node or gateway of Arweave, \(Self.defaultArweaveNode) by default; repeat it for more, the preferred one \
            first (DNA_ARWEAVE_NODE, separated by commas).
            """)
    var arweaveNode: [String] = []

    /// Nothing given yet.
    public init() {}

    /// What was given, else what the environment says. `DNA_IPFS_GATEWAY_AUTHORIZATION` and `DNA_ARWEAVE_AUTHORIZATION`
    /// go as Authorization fields: not from the command line, where every process could read them.
    public func resolve(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> StorageOptions {
        var limit = modelCacheLimit
        if limit == nil, let text = environment["DNA_MODEL_CACHE_LIMIT"] {
            guard let bytes = Int(text) else { throw ValidationError("DNA_MODEL_CACHE_LIMIT is no number: \(text)") }
            limit = bytes
        }
        if let limit, limit < 0 { throw ValidationError("--model-cache-limit is less than nothing") }
        return StorageOptions(
            cacheFolder: modelCache ?? environment["DNA_MODEL_CACHE"] ?? Self.cacheFolder(environment) + "/models",
            cacheLimit: limit,
            gateways: try Self.endpoints(
                ipfsGateway, environment, "DNA_IPFS_GATEWAY", "DNA_IPFS_GATEWAY_AUTHORIZATION", Self.defaultGateway),
            arweaveNodes: try Self.endpoints(
                arweaveNode, environment, "DNA_ARWEAVE_NODE", "DNA_ARWEAVE_AUTHORIZATION", Self.defaultArweaveNode))
    }

    /// What was given, as it is given to another program.
    public var given: [String] {
        let cache = [
            modelCache.map { ["--model-cache", $0] }, modelCacheLimit.map { ["--model-cache-limit", "\($0)"] },
        ]
        return cache.flatMap { $0 ?? [] } + ipfsGateway.flatMap { ["--ipfs-gateway", $0] }
            + arweaveNode.flatMap { ["--arweave-node", $0] }
    }

    /// What can be fetched or computed again is kept below this folder.
    public static func cacheFolder(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String {
        if let folder = environment["DNA_CACHE"] { return folder }
        let home = environment["HOME"] ?? NSHomeDirectory()
        return (environment["XDG_CACHE_HOME"] ?? home + "/.cache") + "/dna-layer"
    }

    private static func endpoints(
        _ given: [String], _ environment: [String: String], _ variable: String, _ secret: String, _ usual: String
    ) throws -> [StorageEndpoint] {
        let inherited = environment[variable]?.split(separator: ",").map(String.init) ?? [usual]
        return try (given.isEmpty ? inherited : given).map { url in
            guard var endpoint = StorageEndpoint(url) else {
                throw ValidationError("\(url) is not an http or https URL")
            }
            endpoint.fields[.authorization] = environment[secret]
            return endpoint
        }
    }
}
