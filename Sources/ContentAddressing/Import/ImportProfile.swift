/// How files become blocks. The same bytes under two profiles have two identifiers, so a package names its profile.
public struct ImportProfile: Hashable, Sendable {
    /// What manifests and command lines call it.
    public let name: String
    /// Bytes of every leaf but a file's last.
    public let chunkBytes: Int
    /// The most links of an inner node.
    public let width: Int
    /// Whether leaves are bare bytes; dag-pb nodes otherwise.
    public let rawLeaves: Bool
    /// How identifiers are written.
    public let version: CID.Version

    /// A profile. Version 0 has no bare leaves.
    public init(name: String, chunkBytes: Int, width: Int, rawLeaves: Bool = true, version: CID.Version = .v1) {
        precondition((1...1 << 20).contains(chunkBytes) && width > 1, "no tree can be made so")
        precondition(version == .v1 || !rawLeaves, "a version 0 identifier names no bare bytes")
        self.name = name
        self.chunkBytes = chunkBytes
        self.width = width
        self.rawLeaves = rawLeaves
        self.version = version
    }

    /// IPIP-499's profile for interoperable identifiers: 1 MiB, 1024 links.
    public static let unixfsV1_2025 = ImportProfile(name: "unixfs-v1-2025", chunkBytes: 1 << 20, width: 1024)
    /// What `ipfs add --cid-version=1 --raw-leaves --chunker=size-1048576` does: 1 MiB, 174 links.
    public static let ipfsAdd = ImportProfile(name: "ipfs-add-v1-1MiB-w174", chunkBytes: 1 << 20, width: 174)

    /// The profiles a package may name, the preferred one first.
    public static let known: [ImportProfile] = [.unixfsV1_2025, .ipfsAdd]

    /// A profile by its name.
    public init?(named name: String) {
        guard let profile = Self.known.first(where: { $0.name == name }) else { return nil }
        self = profile
    }

    /// The leaf of a piece of file.
    func leaf(of bytes: UnsafeRawBufferPointer) -> TreeLink {
        if rawLeaves {
            return TreeLink(CID(of: bytes, codec: .raw), fileBytes: UInt64(bytes.count), totalSize: UInt64(bytes.count))
        }
        let block = leafBlock(Array(bytes))
        return TreeLink(block.cid, fileBytes: UInt64(bytes.count), totalSize: UInt64(block.bytes.count))
    }

    /// The block of a piece of file.
    package func leafBlock(_ bytes: [UInt8]) -> Block {
        if rawLeaves { return Block(bytes, codec: .raw) }
        let node = DAGNode(links: [], data: UnixFSData.leaf(bytes).encode())
        return Block(node.encode(), codec: .dagPB, version: version)
    }
}
