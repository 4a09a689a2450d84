/// A file on disk as blocks.
public struct ImportedFile: Sendable {
    /// Its place in the package, with `/`; empty when it is the whole of it.
    public let path: String
    /// Where it is.
    public let source: FileSource
    /// Its leaves in their order; each is ``ImportProfile/chunkBytes`` long but the last.
    public let leaves: [CID]
    /// Its inner nodes, children before parents.
    public let nodes: [Block]
    /// Its root.
    public let root: TreeLink
}

/// A file or folder on disk as blocks: everything but the leaves' bytes, which are read again when they are needed.
public struct ImportedDAG: Sendable {
    /// The most bytes of a directory's node. A larger one would have to be kept in shards; a package has few names.
    public static let directoryByteLimit = 262_144

    /// How it was made.
    public let profile: ImportProfile
    /// The root: the package's id.
    public let root: TreeLink
    /// Its files, in the order of their paths in the tree.
    public let files: [ImportedFile]
    /// Its folders' nodes, children before parents.
    public let directories: [Block]

    /// A block of the DAG.
    public enum Item: Sendable {
        /// A node, with its bytes.
        case node(Block)
        /// A leaf, by file and place.
        case leaf(file: Int, index: Int)
    }

    /// Bytes of all files.
    public var fileBytes: UInt64 { files.reduce(0) { $0 + $1.root.fileBytes } }

    /// Directories and inner nodes, children before parents, each once.
    public var nodes: [Block] {
        var seen: Set<CID> = []
        return (files.flatMap(\.nodes) + directories).filter { seen.insert($0.cid).inserted }
    }

    /// Every block once: parents before children, children in the order of their links.
    public func depthFirst() throws(DAGError) -> [Item] {
        var known: [CID: Block] = [:]
        for node in nodes { known[node.cid] = node }
        var leaves: [CID: Item] = [:]
        for (file, entry) in files.enumerated() {
            for (index, cid) in entry.leaves.enumerated() where leaves[cid] == nil {
                leaves[cid] = .leaf(file: file, index: index)
            }
        }
        var items: [Item] = []
        var waiting = [root.cid]
        var seen: Set<CID> = []
        while let cid = waiting.popLast() {
            guard seen.insert(cid).inserted else { continue }
            if let node = known[cid] {
                items.append(.node(node))
                waiting += try DAGNode(decoding: node.bytes).links.reversed().map(\.cid)
            } else if let leaf = leaves[cid] {
                items.append(leaf)
            }
        }
        return items
    }

    /// A leaf's block, read from its file again and compared with its identifier.
    public func leafBlock(file: Int, index: Int) throws -> Block {
        let entry = files[file]
        let block = profile.leafBlock(try entry.source.chunk(index, of: profile.chunkBytes))
        guard block.cid == entry.leaves[index] else { throw ImportError.changed(path: entry.source.location) }
        return block
    }

    /// Bytes of a leaf's file.
    public func leafByteCount(file: Int, index: Int) -> Int {
        files[file].source.byteCount(of: index, of: profile.chunkBytes)
    }

    /// Reads a bare leaf into a buffer of ``leafByteCount(file:index:)`` and compares it with its identifier.
    public func readLeaf(
        file: Int, index: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(ImportError) {
        precondition(profile.rawLeaves, "a leaf in a node is not the file's bytes")
        let entry = files[file]
        try entry.source.read(index, of: profile.chunkBytes, into: buffer)
        guard entry.leaves[index].names(UnsafeRawBufferPointer(buffer)) else {
            throw .changed(path: entry.source.location)
        }
    }
}
