public import HTTPTransport

/// Where a program finds packages and keeps them.
public struct StorageOptions: Sendable {
    /// The folder of the packages that were fetched.
    public var cacheFolder: String
    /// The most bytes of them; nil for as many as the disk holds.
    public var cacheLimit: Int?
    /// Trustless gateways of IPFS.
    public var gateways: [StorageEndpoint]
    /// Nodes and gateways of Arweave, the preferred one first.
    public var arweaveNodes: [StorageEndpoint]

    /// Names everything.
    public init(
        cacheFolder: String, cacheLimit: Int? = nil, gateways: [StorageEndpoint] = [],
        arweaveNodes: [StorageEndpoint] = []
    ) {
        self.cacheFolder = cacheFolder
        self.cacheLimit = cacheLimit
        self.gateways = gateways
        self.arweaveNodes = arweaveNodes
    }

    /// Opens the cache.
    public func cache(read: @escaping PackageReader) throws(StorageError) -> PackageCache {
        try PackageCache(folder: cacheFolder, limit: cacheLimit, read: read)
    }

    /// Who is asked.
    public func sources(_ client: HTTP1Client) -> PackageSources {
        let links = arweaveNodes.map { ArweaveNode(HTTPNodeLink($0, client: client)) }
        return PackageSources(
            gateways: gateways, arweave: links.isEmpty ? nil : ArweaveNodes(links), client: client)
    }
}
