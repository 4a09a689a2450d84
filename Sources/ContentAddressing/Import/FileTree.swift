/// A link of a file's tree: to a leaf or to an inner node.
public struct TreeLink: Hashable, Sendable {
    /// What it points at.
    public let cid: CID
    /// Bytes of the file below it.
    public let fileBytes: UInt64
    /// Bytes of all blocks below it.
    public let totalSize: UInt64

    /// A link.
    public init(_ cid: CID, fileBytes: UInt64, totalSize: UInt64) {
        self.cid = cid
        self.fileBytes = fileBytes
        self.totalSize = totalSize
    }
}

/// Grows a file's balanced tree from its leaves, which come in their order; every leaf ends at the same depth.
public struct FileTree: Sendable {
    private let profile: ImportProfile
    /// Links that are not in a node yet, leaves first.
    private var levels: [[TreeLink]] = [[]]
    /// Inner nodes so far, children before parents.
    public private(set) var nodes: [Block] = []

    /// A tree without leaves.
    public init(_ profile: ImportProfile) {
        self.profile = profile
    }

    /// Adds the next leaf.
    public mutating func append(_ leaf: TreeLink) {
        push(leaf, to: 0)
    }

    /// A full level becomes a node when more comes, not before: exactly width^k leaves make a root of depth k.
    private mutating func push(_ link: TreeLink, to level: Int) {
        if level == levels.count { levels.append([]) }
        if levels[level].count == profile.width { fold(level) }
        levels[level].append(link)
    }

    /// The root, once all leaves are in: the leaf itself when there is one only. There must be one, be it empty.
    public mutating func finish() -> TreeLink {
        var level = 0
        while level + 1 < levels.count || levels[level].count > 1 {
            fold(level)
            level += 1
        }
        return levels[level][0]
    }

    /// Makes a level's links a node of the next level.
    private mutating func fold(_ level: Int) {
        let children = levels[level]
        levels[level].removeAll(keepingCapacity: true)
        let data = UnixFSData.inner(blockSizes: children.map(\.fileBytes))
        let node = DAGNode(links: children.map { DAGLink($0.cid, totalSize: $0.totalSize) }, data: data.encode())
        let block = Block(node.encode(), codec: .dagPB, version: profile.version)
        nodes.append(block)
        let below = children.reduce(0) { $0 + $1.totalSize }
        push(
            TreeLink(block.cid, fileBytes: data.fileSize ?? 0, totalSize: UInt64(block.bytes.count) + below),
            to: level + 1)
    }
}
