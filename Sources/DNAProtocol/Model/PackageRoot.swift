import Canonical
public import ContentAddressing

/// The root block of a package's folder: its SHA-256 is the model's id, and it names the manifest and every file by their
/// content.
///
/// It lets everybody who has no weights check which manifest belongs to a model's id. In JSON it is base64url.
public struct PackageRoot: Hashable, Sendable, Codable {
    /// The most bytes of one. ``Manifest/maximumFiles`` names of the greatest length need less.
    public static let maximumBytes = 65_536

    /// The block: a dag-pb node with a UnixFS directory in it.
    public let bytes: [UInt8]
    /// The model's id.
    public let id: ModelID
    /// By the names' bytes, ascending.
    private let links: [DAGLink]

    /// Reads a root block.
    public init(bytes: [UInt8]) throws(InvalidField) {
        try require(bytes.count <= Self.maximumBytes, "package_root", "must be at most \(Self.maximumBytes) bytes")
        let node: DAGNode
        let data: UnixFSData
        do {
            node = try DAGNode(decoding: bytes)
            data = try UnixFSData(decoding: node.data)
        } catch { throw InvalidField("package_root", "is no folder's block: \(error)") }
        try require(data == .directory && node.encode() == bytes, "package_root", "must be a folder's block")
        try require(
            (1...Manifest.maximumFiles + 1).contains(node.links.count), "package_root",
            "must hold 1 to \(Manifest.maximumFiles + 1) entries")
        for (earlier, later) in zip(node.links, node.links.dropFirst()) {
            try require(
                earlier.name.utf8.lexicographicallyPrecedes(later.name.utf8), "package_root",
                "must hold distinct names in ascending order")
        }
        self.bytes = bytes
        links = node.links
        id = ModelID(Digest.ofRaw(bytes))
    }

    /// A folder's root block, made of its entries.
    public init(entries: [DAGLink]) throws(InvalidField) {
        let sorted = entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        try self.init(bytes: DAGNode(links: sorted, data: UnixFSData.directory.encode()).encode())
    }

    /// The manifest's only block. Throws ``InvalidField`` when the folder has no manifest that can be one.
    public func manifestBlock() throws(InvalidField) -> CID {
        guard let link = links.first(where: { $0.name == Manifest.fileName }), link.cid.codec == .raw else {
            throw InvalidField("package_root", "names no \(Manifest.fileName) of one block")
        }
        return link.cid
    }

    /// Throws ``InvalidField`` unless the folder holds exactly this manifest and the files it lists.
    ///
    /// A file of one block is known by its SHA-256. Of a larger one the manifest says nothing that the root block could
    /// be held against but its size: who reads the file checks both.
    public func check(_ manifest: Manifest) throws {
        let document = try CanonicalJSON.encode(manifest)
        try require(
            links.first { $0.name == Manifest.fileName } == Self.link(Manifest.fileName, to: document), "manifest",
            "is not the one that the package's root names")
        let entries = links.filter { $0.name != Manifest.fileName }
        let files = manifest.files.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let blockBytes = ImportProfile(named: manifest.importProfile)?.chunkBytes ?? 0
        try require(
            entries.elementsEqual(files) { Self.isEntry($0, of: $1, blockBytes: blockBytes) }, "manifest.files",
            "are not those of the package's root")
    }

    /// By the names' bytes: to Swift's strings an é of one code point is one of two.
    private static func isEntry(_ entry: DAGLink, of file: Manifest.File, blockBytes: Int) -> Bool {
        guard entry.name.utf8.elementsEqual(file.name.utf8) else { return false }
        guard file.size > blockBytes else { return entry == link(to: file) }
        return entry.cid.version == .v1 && entry.cid.codec == .dagPB && entry.totalSize > file.size
    }

    /// The entry of a file of one block.
    package static func link(to file: Manifest.File) -> DAGLink? {
        guard let cid = try? CID(bytes: [0x01, CID.Codec.raw.rawValue, 0x12, 0x20] + file.sha256.bytes) else {
            return nil
        }
        return DAGLink(cid, name: file.name, totalSize: UInt64(file.size))
    }

    /// The entry of bytes that fit into one block.
    package static func link(_ name: String, to bytes: [UInt8]) -> DAGLink {
        DAGLink(CID(of: bytes, codec: .raw), name: name, totalSize: UInt64(bytes.count))
    }

    /// Reads a JSON string of base64url.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard text.utf8.count <= Self.maximumBytes * 2, let bytes = Base64URL.decode(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a valid base64url")
        }
        do throws(InvalidField) {
            try self.init(bytes: bytes)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.reason)
        }
    }

    /// Writes a JSON string of base64url.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Base64URL.encode(bytes))
    }

    /// By bytes.
    public static func == (left: Self, right: Self) -> Bool { left.bytes == right.bytes }

    /// By bytes.
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
